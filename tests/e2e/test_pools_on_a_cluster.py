"""Pools of real pods. Their worker is a shell script that beats, and that ends its run before it leaves."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.errors import CommandFailedError
from tests.e2e.pool_driver import SHAPE, PoolDriver, pool_driver, worker

from scheduledtask_operator.cluster.pool_objects import DELETION_COST
from scheduledtask_operator.decisions.sizing import Owner, PoolShape
from scheduledtask_operator.manifests.worker_redis import redis_secret

Json = dict[str, Any]
Story = Callable[[PoolDriver], Awaitable[None]]
WORKER = """#!/bin/sh
trap 'leaving=1' TERM
echo "$SCHEDULEDTASK_HOST" "$@"
while [ -z "$leaving" ] || [ -e /tmp/run ]; do touch /tmp/heartbeat; sleep 0.2; done
"""
GLUTTON = """#!/bin/sh
text=$(head -c 200000000 /dev/zero | tr '\\0' x)
"""
FAILING = """#!/bin/sh
echo "Error: no such queue" >&2
exit 3
"""


@pytest.fixture
def run(cluster: Cluster, namespace: str) -> Callable[[Story], None]:
    async def tell(story: Story) -> None:
        async with pool_driver(cluster.api, namespace) as driver:
            await story(driver)

    return lambda story: asyncio.run(tell(story))


@pytest.fixture
def shape(cluster: Cluster, namespace: str, tools: str) -> PoolShape:
    """Under the restricted standard, with all that a worker needs."""
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    cluster.kubectl("apply", "--filename=-", stdin=json.dumps(redis_secret(namespace, "redis://nowhere")))
    provide(cluster, namespace, WORKER)
    return replace(SHAPE, image=tools, pod_template=with_program())


def provide(cluster: Cluster, namespace: str, script: str) -> None:
    data = {"scheduledtask": script}
    programs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "programs"}, "data": data}
    cluster.kubectl("apply", f"--namespace={namespace}", "--filename=-", stdin=json.dumps(programs))


def with_program(**fields: Any) -> Json:
    """A user's template that brings the program into an image that has none."""
    mount = {"name": "programs", "mountPath": "/usr/local/bin"}
    volume = {"name": "programs", "configMap": {"name": "programs", "defaultMode": 0o755}}
    return {"spec": {"volumes": [volume], "containers": [{"name": "worker", "volumeMounts": [mount], **fields}]}}


async def kubectl(cluster: Cluster, driver: PoolDriver, *arguments: str, stdin: str = "") -> str:
    return await asyncio.to_thread(cluster.kubectl, f"--namespace={driver.namespace}", *arguments, stdin=stdin)


async def begin_run(cluster: Cluster, driver: PoolDriver, pod: str) -> None:
    await kubectl(cluster, driver, "exec", pod, "--", "touch", "/tmp/run")


async def end_run(cluster: Cluster, driver: PoolDriver, pod: str) -> None:
    await kubectl(cluster, driver, "exec", pod, "--", "rm", "/tmp/run")


def is_marked(driver: PoolDriver, name: str) -> bool:
    return DELETION_COST in driver.seen[name]["metadata"].get("annotations", {})


async def up(driver: PoolDriver, shape: PoolShape, count: int) -> list[str]:
    await driver.pools.shape(driver.key, shape)
    assert await driver.scale(count) == count
    await driver.until_ready(count)
    return driver.staying


def test_from_none_to_one_and_back(cluster: Cluster, run: Callable[[Story], None], shape: PoolShape) -> None:
    async def story(driver: PoolDriver) -> None:
        (name,) = await up(driver, shape, 1)
        said = await kubectl(cluster, driver, "logs", name)
        assert said.split()[:4] == [name, "worker", f"--namespace={driver.namespace}", "--pool=train"]
        made = await kubectl(cluster, driver, "get", "events", "--output=jsonpath={.items[*].message}")
        assert "from 1 to 0" not in made  # no worker was made before one was asked for
        driver.tell_workers(worker(name, draining=True))
        assert await driver.scale(0) == 0
        await driver.until(lambda: not driver.pools.observe(driver.key).ready)

    run(story)


def test_of_three_the_one_that_confirmed_is_taken(run: Callable[[Story], None], shape: PoolShape) -> None:
    async def story(driver: PoolDriver) -> None:
        first, second, third = await up(driver, shape, 3)
        for chosen, others in ((second, (first, third)), (first, (third,))):
            count = len(others)
            driver.tell_workers(*(worker(name, 1) for name in others), worker(chosen, draining=True))
            assert await driver.scale(count) == count + 1
            assert driver.asked[-1] == (chosen,)
            await driver.until(partial(is_marked, driver, chosen))
            assert await driver.scale(count) == count
            await driver.until_ready(count)
            assert sorted(driver.staying) == sorted(others)

    run(story)


def test_a_run_ends_on_the_old_pod_when_the_shape_changes(
    cluster: Cluster, run: Callable[[Story], None], shape: PoolShape
) -> None:
    async def story(driver: PoolDriver) -> None:
        (old,) = await up(driver, shape, 1)
        await begin_run(cluster, driver, old)
        await driver.pools.shape(driver.key, replace(shape, grace_seconds=77.0))
        await driver.until(lambda: old not in driver.staying)
        await driver.until_ready(1)
        phase = await kubectl(cluster, driver, "get", "pod", old, "--output=jsonpath={.status.phase}")
        assert phase == "Running"  # it has been told to go, the new one is ready, and its run goes on
        await end_run(cluster, driver, old)
        await driver.until(lambda: old not in driver.seen)
        assert len(driver.staying) == 1

    run(story)


def test_a_busy_pod_is_not_evicted_until_its_run_has_ended(
    cluster: Cluster, run: Callable[[Story], None], shape: PoolShape
) -> None:
    async def story(driver: PoolDriver) -> None:
        busy, idle = await up(driver, shape, 2)
        driver.tell_workers(worker(busy, 1), worker(idle))
        await driver.pools.label_busy_pods()
        await until_refused(cluster, driver, busy)
        await evict(cluster, driver, idle)
        driver.tell_workers(worker(busy))
        await driver.look()
        await driver.pools.label_busy_pods()
        await evict(cluster, driver, busy)

    run(story)


async def evict(cluster: Cluster, driver: PoolDriver, pod: str, *options: str) -> None:
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    eviction |= {"deleteOptions": {"dryRun": list(options)}} if options else {}
    path = f"/api/v1/namespaces/{driver.namespace}/pods/{pod}/eviction"
    await kubectl(cluster, driver, "create", f"--raw={path}", "--filename=-", stdin=json.dumps(eviction))


async def until_refused(cluster: Cluster, driver: PoolDriver, pod: str) -> None:
    """The budget counts its pods in the background."""
    async with asyncio.timeout(30):
        while True:
            try:
                await evict(cluster, driver, pod, "All")
            except CommandFailedError as error:
                assert "disruption budget" in error.output  # noqa: PT017
                return
            await asyncio.sleep(0.2)


def test_a_pool_goes_with_its_last_task(cluster: Cluster, run: Callable[[Story], None], shape: PoolShape) -> None:
    cluster.kubectl("apply", "--filename=crds")

    async def story(driver: PoolDriver) -> None:
        owners = tuple([Owner(name, await make_task(cluster, driver, name)) for name in ("first", "second")])
        await up(driver, replace(shape, owners=owners), 1)
        await kubectl(cluster, driver, "delete", "stask", "first")
        assert (await driver.deployment())["spec"]["replicas"] == 1
        await kubectl(cluster, driver, "delete", "stask", "second")
        await driver.until(lambda: not driver.seen and not driver.pools.observe(driver.key).replicas)
        left = await kubectl(cluster, driver, "get", "deployments,poddisruptionbudgets", "--output=name")
        assert left == ""

    run(story)


async def make_task(cluster: Cluster, driver: PoolDriver, name: str) -> str:
    head = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTask", "metadata": {"name": name}}
    task = json.dumps({**head, "spec": {"task": "not-in-any-catalog"}})  # an operator that is installed lets it be
    return await kubectl(cluster, driver, "create", "--filename=-", "--output=jsonpath={.metadata.uid}", stdin=task)


HUGE = {"resources": {"requests": {"memory": "9Ti"}, "limits": {"memory": "9Ti"}}}
TINY = {"resources": {"requests": {"memory": "8Mi"}, "limits": {"memory": "32Mi"}}}


@pytest.mark.parametrize(
    ("fields", "script", "problem"),
    [
        (HUGE, WORKER, "Unschedulable: 0/1 nodes are available: 1 Insufficient memory"),
        ({"securityContext": {"runAsNonRoot": False}}, WORKER, 'violates PodSecurity "restricted'),
        (
            {"envFrom": [{"secretRef": {"name": "missing"}}]},
            WORKER,
            'CreateContainerConfigError: container worker: secret "missing"',
        ),
        (TINY, GLUTTON, "container worker was OOMKilled"),
        ({}, FAILING, "ended with 3 (Error), saying: Error: no such queue"),
    ],
)
def test_a_worker_that_does_not_come_up_says_why(
    cluster: Cluster, run: Callable[[Story], None], shape: PoolShape, fields: Json, script: str, problem: str
) -> None:
    async def story(driver: PoolDriver) -> None:
        await asyncio.to_thread(provide, cluster, driver.namespace, script)
        await driver.pools.shape(driver.key, replace(shape, pod_template=with_program(**fields)))
        assert driver.pools.problem(driver.key) == ""
        await driver.scale(1)
        await driver.until(lambda: problem in driver.pools.problem(driver.key))
        driver.tell_workers()
        assert await driver.scale(0) == 0  # nobody waits for one that never came up

    run(story)


def test_an_image_that_is_not_there_is_named(run: Callable[[Story], None], shape: PoolShape) -> None:
    async def story(driver: PoolDriver) -> None:
        await driver.pools.shape(driver.key, replace(shape, image="localhost/nothing:1"))
        await driver.scale(1)
        await driver.until(lambda: 'image "localhost/nothing:1"' in driver.pools.problem(driver.key))
        await driver.pools.shape(driver.key, shape)
        await driver.until_ready(1)
        await driver.until(lambda: driver.pools.problem(driver.key) == "")  # when the pod of the bad image has gone

    run(story)
