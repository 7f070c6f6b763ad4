"""The port for ScheduledTaskRuns, on a real API server; fed by lists in the place of a watch."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import Configuration
from tests.cluster.cluster import Api
from tests.run_objects import run_manifest
from tests.run_objects_contract import CHECKS, Place

from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.kinds import SCHEDULED_TASK_RUNS
from scheduledtask_operator.cluster.run_requests import ClusterRunRequests
from scheduledtask_operator.cluster.watched import Watched
from scheduledtask_operator.control.run_requests import RequestKey


class OnApiServer:
    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self.changed: list[RequestKey] = []
        self.port = ClusterRunRequests(client, changed=self.changed.extend)
        self._watched = Watched(SCHEDULED_TASK_RUNS, self.port.read, self.port.take, self.port.drop)

    async def create(self, manifest: dict[str, Any]) -> RequestKey:
        wanted = {**manifest, "metadata": {**manifest["metadata"], "namespace": self._namespace}}
        made = await self._client.create(SCHEDULED_TASK_RUNS.path(self._namespace), wanted)
        return RequestKey(self._namespace, made["metadata"]["name"])

    async def remove(self, key: RequestKey) -> None:
        await self._client.delete(SCHEDULED_TASK_RUNS.path(*key))

    async def see(self) -> None:
        self._watched.begin_listing()
        async for page in self._client.pages(SCHEDULED_TASK_RUNS.path(self._namespace)):
            listed = self._watched.list_page((item, self.port.read(item)) for item in page["items"])
            self._watched.end_listing(listed)


@pytest.fixture
def place(api: Api) -> Iterator[Callable[[Callable[[OnApiServer], Awaitable[None]]], None]]:
    """Runs a check in a namespace of its own."""
    namespace = f"runs-{uuid4().hex[:8]}"
    api.kubectl("create", "namespace", namespace)

    @asynccontextmanager
    async def connected():
        configuration = Configuration()
        await kubernetes_config.load_kube_config(
            config_file=str(api.kubeconfig), context=api.context, client_configuration=configuration
        )
        async with Client(configuration) as client:
            yield OnApiServer(client, namespace)

    async def whole(check: Callable[[OnApiServer], Awaitable[None]]) -> None:
        async with connected() as there:
            await check(there)

    yield lambda check: asyncio.run(whole(check))
    api.kubectl("delete", "strun", "--all", f"--namespace={namespace}")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_contract(place, check: Callable[[Place], Awaitable[None]]) -> None:
    place(check)


def test_an_object_that_only_the_api_server_takes_is_read_as_far_as_it_can_be(place) -> None:
    async def check(there: OnApiServer) -> None:
        reference = {"secretKeyRef": {"name": "a", "key": "b"}}
        key = await there.create(run_manifest("secret", arguments={"password": reference}, ttlSecondsAfterFinished=5))
        await there.see()

        run = there.port.get(key)
        assert run is not None
        assert (run.spec.scheduled_task, run.spec.ttl_seconds_after_finished) == ("report", 5)
        assert "a run brings no secretKeyRef of its own" in there.port.problem(key)

    place(check)


def test_what_was_told_once_is_not_told_again(place) -> None:
    async def check(there: OnApiServer) -> None:
        key = await there.create(run_manifest("once"))
        await there.see()
        await there.see()

        assert there.changed == [key]

    place(check)


def test_what_waits_for_somebodys_finalizer_is_as_good_as_gone(place, api: Api) -> None:
    async def check(there: OnApiServer) -> None:
        manifest = run_manifest("held")
        manifest["metadata"]["finalizers"] = ["example.com/theirs"]
        key = await there.create(manifest)
        await there.remove(key)
        await there.see()
        gone = there.port.get(key) is None
        patch = '--patch={"metadata":{"finalizers":null}}'
        api.kubectl("patch", "strun", "held", f"--namespace={key.namespace}", "--type=merge", patch)

        assert gone

    place(check)
