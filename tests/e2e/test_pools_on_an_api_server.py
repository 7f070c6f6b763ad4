"""What the pools' port writes, and what it leaves alone. Only the API server is there: pods are made by hand."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from tests.cluster.cluster import Api
from tests.cluster.errors import CommandFailedError
from tests.e2e.pool_driver import SHAPE, PoolDriver, applies_replicas, pool_driver, worker

from scheduledtask_operator.cluster.kinds import WORKER_PODS
from scheduledtask_operator.cluster.pool_shapes import REFUSED_AGAIN_SECONDS
from scheduledtask_operator.decisions.sizing import Owner
from scheduledtask_operator.manifests.workers import worker_deployment, worker_service_account

Json = dict[str, Any]
Story = Callable[[PoolDriver], Awaitable[None]]


@pytest.fixture
def run(api: Api) -> Iterator[Callable[[Story], None]]:
    """Runs a story in a namespace of its own."""
    namespace = f"pools-{uuid4().hex[:8]}"
    api.kubectl("create", "namespace", namespace)

    async def tell(story: Story) -> None:
        async with pool_driver(api, namespace) as driver:
            await story(driver)

    yield lambda story: asyncio.run(tell(story))
    api.kubectl("delete", "namespace", namespace, "--wait=false")


async def add_pod(driver: PoolDriver, name: str, *, ready: bool = True) -> None:
    """A worker's pod, as a ReplicaSet and a kubelet would make it."""
    template = worker_deployment(driver.namespace, "train", SHAPE)["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**template["metadata"], "name": name}
    await driver.client.create(WORKER_PODS.path(driver.namespace), pod)
    state = {"running": {}} if ready else {"waiting": {"reason": "ContainerCreating"}}
    container = {"name": "worker", "image": "x", "imageID": "", "ready": ready, "restartCount": 0, "state": state}
    conditions = [{"type": "Ready", "status": str(ready)}]
    await driver.client.merge(
        WORKER_PODS.path(driver.namespace, name, "status"),
        {"status": {"conditions": conditions, "containerStatuses": [container]}},
    )


async def metadata_of(driver: PoolDriver, name: str) -> Json:
    metadata: Json = (await driver.client.get(WORKER_PODS.path(driver.namespace, name)))["metadata"]
    return metadata


async def shaped(driver: PoolDriver, replicas: int) -> None:
    await driver.pools.shape(driver.key, SHAPE)
    if replicas:
        assert await driver.scale(replicas) == replicas


def test_a_pool_begins_with_no_worker_and_its_count_belongs_to_scale_alone(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await driver.pools.shape(driver.key, replace(SHAPE, owners=(Owner("train", "1-2-3"),)))
        made = await driver.deployment()
        assert (made["spec"]["replicas"], made["spec"].get("paused")) == (0, None)
        assert made["metadata"]["ownerReferences"][0]["uid"] == "1-2-3"
        await driver.scale(3)
        made = await driver.deployment()
        assert made["spec"]["replicas"] == 3
        assert not applies_replicas(made)
        assert driver.pools.observe(driver.key).replicas == 3

    run(story)


def test_what_is_in_its_shape_is_not_written_again_also_after_a_restart(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 2)
        before = (await driver.deployment())["metadata"]["resourceVersion"]
        await driver.look()
        await driver.pools.shape(driver.key, SHAPE)
        driver.start_anew()
        await driver.look()
        await driver.pools.shape(driver.key, SHAPE)
        await driver.pools.shape(driver.key, SHAPE)
        assert (await driver.deployment())["metadata"]["resourceVersion"] == before
        assert driver.pools.observe(driver.key).replicas == 2

    run(story)


def test_a_new_shape_leaves_the_count_as_it_is(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 2)
        await driver.pools.shape(driver.key, replace(SHAPE, image="ours:2"))
        changed = await driver.deployment()
        assert changed["spec"]["template"]["spec"]["containers"][0]["image"] == "ours:2"
        assert changed["spec"]["replicas"] == 2

    run(story)


def test_what_others_change_of_it_is_put_right_but_not_the_count(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 1)
        changed = await driver.deployment()
        changed["spec"]["template"]["spec"]["containers"][0]["image"] = "theirs:1"
        changed["spec"]["replicas"] = 4
        await driver.client.replace(f"/apis/apps/v1/namespaces/{driver.namespace}/deployments/stask-train", changed)
        await driver.look()
        await driver.pools.shape(driver.key, SHAPE)
        put_right = await driver.deployment()
        assert put_right["spec"]["template"]["spec"]["containers"][0]["image"] == "ours:1"
        assert driver.pools.observe(driver.key).replicas == put_right["spec"]["replicas"] == 4

    run(story)


def test_who_was_interrupted_while_making_a_deployment_begins_anew(run: Callable[[Story], None]) -> None:
    """Left behind is a paused one that asks for one worker, which nobody wants."""

    async def story(driver: PoolDriver) -> None:
        half = worker_deployment(driver.namespace, "train", SHAPE)
        half["spec"]["paused"] = True
        path = f"/apis/apps/v1/namespaces/{driver.namespace}/deployments/stask-train"
        assert (await driver.client.apply(path, half))["spec"]["replicas"] == 1
        await driver.look()
        await driver.pools.shape(driver.key, SHAPE)
        made = await driver.deployment()
        assert (made["spec"]["replicas"], made["spec"].get("paused")) == (0, None)

    run(story)


def test_a_deployment_that_the_watch_has_not_told_of_yet_keeps_its_workers(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 2)
        driver.start_anew()
        await driver.pools.shape(driver.key, SHAPE)
        assert driver.pools.observe(driver.key).replicas == (await driver.deployment())["spec"]["replicas"] == 2

    run(story)


def test_a_deployment_that_somebody_deleted_is_made_anew(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 2)
        await driver.client.delete(f"/apis/apps/v1/namespaces/{driver.namespace}/deployments/stask-train")
        await driver.pools.set_replicas(driver.key, 3)  # the watch has not told yet
        assert driver.pools.observe(driver.key).replicas == 0
        await driver.pools.shape(driver.key, SHAPE)
        assert await driver.scale(1) == 1

    run(story)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ({"spec": {"containers": [{"name": "worker", "resources": {"limits": {"memory": "1Mi"}}}]}}, "memory limit"),
        ({"spec": {"containers": [{"name": "worker", "env": "A=b"}]}}, "podTemplate.spec.containers.env: 'A=b'"),
    ],
)
def test_a_shape_that_is_refused_is_a_problem_and_no_failure(
    run: Callable[[Story], None], template: Json, problem: str
) -> None:
    async def story(driver: PoolDriver) -> None:
        refused = replace(SHAPE, pod_template=template)
        await driver.pools.shape(driver.key, refused)
        assert problem in driver.pools.problem(driver.key)
        await driver.pools.set_replicas(driver.key, 1)
        assert driver.pools.observe(driver.key).replicas == 0
        await driver.pools.shape(driver.key, SHAPE)
        assert driver.pools.problem(driver.key) == ""
        assert await driver.scale(1) == 1

    run(story)


def test_a_refused_shape_is_tried_again_after_a_while(run: Callable[[Story], None], api: Api) -> None:
    async def story(driver: PoolDriver) -> None:
        quota = ["create", "quota", "none", f"--namespace={driver.namespace}", "--hard=count/deployments.apps=0"]
        await asyncio.to_thread(api.kubectl, *quota)
        await driver.client.merge(  # what the quota controller would write
            f"/api/v1/namespaces/{driver.namespace}/resourcequotas/none/status",
            {"status": {"hard": {"count/deployments.apps": "0"}, "used": {"count/deployments.apps": "0"}}},
        )
        await driver.pools.shape(driver.key, SHAPE)
        assert "exceeded quota" in driver.pools.problem(driver.key)
        await asyncio.to_thread(api.kubectl, "delete", "quota", "none", f"--namespace={driver.namespace}")
        await driver.pools.shape(driver.key, SHAPE)
        assert "exceeded quota" in driver.pools.problem(driver.key)
        driver.clock.seconds += REFUSED_AGAIN_SECONDS
        await driver.pools.shape(driver.key, SHAPE)
        assert driver.pools.problem(driver.key) == ""

    run(story)


def test_the_hand_shake_step_by_step(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 3)
        for name in ("a", "b", "c"):
            await add_pod(driver, name)
        await driver.look()
        driver.tell_workers(worker("a", 1), worker("b"), worker("c", 1))
        assert await driver.scale(2) == 3
        assert driver.asked == [("b",)]
        driver.tell_workers(worker("a", 1), worker("b", draining=True), worker("c", 1))
        assert await driver.scale(2) == 3
        cost = "controller.kubernetes.io/pod-deletion-cost"
        assert (await metadata_of(driver, "b"))["annotations"][cost] == "-100"
        assert cost not in (await metadata_of(driver, "a"))["annotations"]
        assert await driver.scale(2) == 2
        assert driver.asked == [("b",)] * 3

    run(story)


def test_nobody_goes_while_it_is_not_known_who_is_busy(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 1)
        await add_pod(driver, "a")
        assert await driver.scale(0) == 1
        await driver.look()
        driver.tell_workers(worker("a", draining=True))
        driver.clock.seconds += 60
        assert await driver.scale(0) == 1
        driver.tell_workers(worker("a", draining=True))
        assert await driver.scale(0) == 0

    run(story)


def test_up_again_is_at_once_also_in_the_middle_of_a_hand_shake(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 2)
        for name in ("a", "b"):
            await add_pod(driver, name)
        await driver.look()
        driver.tell_workers(worker("a"), worker("b"))
        assert await driver.scale(0) == 2
        assert await driver.scale(5) == 5

    run(story)


def test_the_busy_label_follows_the_runs_and_is_written_only_when_it_changes(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 2)
        for name in ("a", "b"):
            await add_pod(driver, name)
        await driver.look()
        untouched = (await metadata_of(driver, "b"))["resourceVersion"]
        driver.tell_workers(worker("a", 1), worker("b"))
        await driver.pools.label_busy_pods()
        busy = await metadata_of(driver, "a")
        assert busy["labels"]["scheduledtask.dev/busy"] == "true"
        await driver.pools.label_busy_pods()
        assert (await metadata_of(driver, "a"))["resourceVersion"] == busy["resourceVersion"]
        assert (await metadata_of(driver, "b"))["resourceVersion"] == untouched
        driver.tell_workers(worker("a"), worker("b"))
        await driver.pools.label_busy_pods()
        assert (await metadata_of(driver, "a"))["labels"]["scheduledtask.dev/busy"] == "false"

    run(story)


def test_a_pool_is_forgotten_with_all_that_it_had(run: Callable[[Story], None], api: Api) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 0)
        await driver.pools.forget(driver.key)
        for kind in ("deployment", "poddisruptionbudget"):
            with pytest.raises(CommandFailedError, match="not found"):
                await asyncio.to_thread(api.kubectl, "get", kind, "stask-train", f"--namespace={driver.namespace}")
        await driver.look()
        await driver.pools.forget(driver.key)
        await shaped(driver, 0)
        assert await driver.scale(1) == 1

    run(story)


def test_pools_of_an_earlier_life_go_and_those_that_no_task_owns_stay(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 1)
        driver.start_anew()
        await driver.look()
        await driver.pools.remove_unwanted(set())
        assert (await driver.deployment())["spec"]["replicas"] == 1
        await driver.pools.shape(driver.key, replace(SHAPE, owners=(Owner("train", "1-2-3"),)))
        await driver.pools.remove_unwanted({driver.key})
        assert (await driver.deployment())["spec"]["replicas"] == 1
        await driver.pools.remove_unwanted(set())
        await driver.look()
        assert driver.pools.observe(driver.key).replicas == 0

    run(story)


def test_the_service_account_has_no_token_to_mount(run: Callable[[Story], None]) -> None:
    async def story(driver: PoolDriver) -> None:
        await shaped(driver, 0)
        path = f"/api/v1/namespaces/{driver.namespace}/serviceaccounts/stask-worker"
        made = await driver.client.get(path)
        assert made["automountServiceAccountToken"] is False
        assert made["metadata"]["labels"] == worker_service_account(driver.namespace)["metadata"]["labels"]

    run(story)
