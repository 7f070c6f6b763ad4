"""The pools' port on a real API server, fed by lists instead of a watch, so that a test says when it looks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import Configuration
from tests.cluster.cluster import Api

from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.kinds import WORKER_DEPLOYMENTS, WORKER_PODS
from scheduledtask_operator.cluster.pools import KubernetesPools
from scheduledtask_operator.cluster.watched import Watched, as_it_is
from scheduledtask_operator.control.ports import PoolKey, Standing
from scheduledtask_operator.decisions.sizing import PoolShape, RunNeed, size_worker
from scheduledtask_workloads.contract.messages import PoolWorkersSeen, WorkerSeen

DEADLINE_SECONDS = 90.0
SMALL = replace(
    size_worker([RunNeed(10_000_000, 12_500_000, 10, 1)]), cpu_request_millicores=1, memory_request_bytes=2**24
)
SHAPE = PoolShape("ours:1", None, SMALL, 60.0)
Json = dict[str, Any]


class Leader:
    def fence(self) -> int | None:
        return 1

    def standing(self) -> Standing | None:
        return Standing(1, float("inf"))


@dataclass
class HandClock:
    """Goes on when it is told to."""

    seconds: float = 100.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def boottime_seconds(self) -> float:
        return self.seconds


@dataclass
class PoolDriver:
    """`look` brings in what there is; `asked` holds who was asked to drain, one entry a time."""

    client: Client
    namespace: str
    clock: HandClock = field(default_factory=HandClock)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    seen: dict[str, Json] = field(default_factory=dict)
    """The pods of the last look, by name."""

    def __post_init__(self) -> None:
        self.start_anew()

    @property
    def key(self) -> PoolKey:
        return PoolKey(self.namespace, "train")

    def start_anew(self) -> None:
        """As after a restart: nothing is known."""
        self.pools = KubernetesPools(
            self.client,
            drain=lambda _, hosts: self.asked.append(hosts),
            leadership=Leader(),
            clock=self.clock,
            image_pull_policy="Never",
        )
        self._watched: tuple[Watched[Json], ...] = (
            Watched(WORKER_DEPLOYMENTS, as_it_is, self.pools.deployment_changed, self.pools.deployment_gone),
            Watched(WORKER_PODS, as_it_is, self.pools.pod_changed, self.pools.pod_gone),
        )

    async def look(self) -> None:
        for watched in self._watched:
            found = await self.client.get(watched.kind.path(self.namespace), {"labelSelector": watched.kind.selector})
            if watched.kind is WORKER_PODS:
                self.seen = {item["metadata"]["name"]: item for item in found["items"]}
            watched.begin_listing()
            watched.end_listing(watched.list_page((item, item) for item in found["items"]))

    async def deployment(self) -> Json:
        return await self.client.get(WORKER_DEPLOYMENTS.path(self.namespace, "stask-train"))

    @property
    def staying(self) -> list[str]:
        """Of the pods of the last look those that were not told to go, oldest first."""
        pods = [item["metadata"] for item in self.seen.values() if "deletionTimestamp" not in item["metadata"]]
        return [pod["name"] for pod in sorted(pods, key=lambda pod: (pod["creationTimestamp"], pod["name"]))]

    def tell_workers(self, *workers: WorkerSeen) -> None:
        self.pools.workers_seen(PoolWorkersSeen(namespace=self.namespace, pool="train", workers=workers))

    async def scale(self, replicas: int) -> int:
        """One step; the count afterwards."""
        await self.look()
        await self.pools.set_replicas(self.key, replicas)
        return self.pools.observe(self.key).replicas

    async def until(self, what: Callable[[], bool]) -> None:
        """Looks until it holds."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self.look()
            while not what():
                await asyncio.sleep(0.2)
                await self.look()

    async def until_ready(self, count: int) -> None:
        await self.until(lambda: self.pools.observe(self.key).ready == count)


@asynccontextmanager
async def pool_driver(api: Api, namespace: str) -> AsyncIterator[PoolDriver]:
    configuration = Configuration()
    await kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]
        config_file=str(api.kubeconfig), context=api.context, client_configuration=configuration
    )
    async with Client(configuration) as client:
        yield PoolDriver(client, namespace)


def worker(host: str, runs: int = 0, draining: bool = False) -> WorkerSeen:
    return WorkerSeen(host=host, runs=runs, draining=draining)


def applies_replicas(item: Json) -> bool:
    """Whether the count is part of what is applied; it would then be set back with each change of the rest."""
    applied = (entry for entry in item["metadata"]["managedFields"] if entry["operation"] == "Apply")
    return any("f:replicas" in entry["fieldsV1"].get("f:spec", {}) for entry in applied)
