"""What the control plane is told on our own account: the ledger's feed, depths, status."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from scheduledtask_workloads.contract import RunRecord
from scheduledtask_workloads.contract.messages import (
    PoolDepth,
    PoolWorkersSeen,
    RunChanged,
    SchedulerStatus,
    WorkerSeen,
)
from scheduledtask_workloads.contract.model import Message
from scheduledtask_workloads.ledger import LedgerUnreachable
from scheduledtask_workloads.scheduler.admission import Parts
from scheduledtask_workloads.scheduler.breaker import BACKGROUND_SECONDS
from scheduledtask_workloads.scheduler.control_server import ControlServer
from scheduledtask_workloads.scheduler.runners_link import RunnersLink
from scheduledtask_workloads.scheduler.server_watch import ServerWatch

FEED_SECONDS = 0.1
"""Between two readings of the feed: what a person sees late."""
LOOK_BACK_SECONDS = 60.0
"""Of the feed, at our start: what changed while no scheduler ran. The control plane knows what it has heard before."""
NAMESPACES_SECONDS = 2.0
STATUS_SECONDS = 1.0
LOOK_SECONDS = 0.1  # for what changed in between

logger = logging.getLogger(__name__)


class Telling:
    """`server` tells whoever is connected; while nobody is, nothing is read. `reading`: as Retelling has it."""

    def __init__(
        self, parts: Parts, server: ControlServer, link: RunnersLink, watch: ServerWatch, reading: asyncio.Lock
    ) -> None:
        self._parts = parts
        self._watch = watch
        self._server = server
        self._link = link
        self._reading = reading
        self._feed_ids: dict[str, str] = {}
        self._feed_from = f"{int((time.time() - LOOK_BACK_SECONDS) * 1000)}-0"
        self._namespaces_read_at = -NAMESPACES_SECONDS
        self._status: SchedulerStatus | None = None
        self._status_told_at = 0.0

    async def tell_feed(self) -> None:
        await self._repeat(FEED_SECONDS, self._tell_feed)

    async def tell_depths(self) -> None:
        await self._repeat(STATUS_SECONDS, self._tell_depths)

    async def tell_status(self) -> None:
        """Each second, and when it changes but for the number of runs."""
        while True:
            status, now = self._read_status(), time.monotonic()
            same = self._status == status.model_copy(update={"runs_in_flight": 0})
            if not same or now - self._status_told_at >= STATUS_SECONDS:
                self._status, self._status_told_at = status.model_copy(update={"runs_in_flight": 0}), now
                self._server.tell([status])
            await asyncio.sleep(LOOK_SECONDS)

    async def _repeat(self, pause_seconds: float, tell: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(pause_seconds)
            if self._server.connected:
                try:
                    await tell()
                except LedgerUnreachable:
                    continue

    async def _tell_feed(self) -> None:
        await self._find_namespaces()
        async with self._reading:
            entries = await self._parts.breaker.call(self._parts.ledger.read_feed(self._feed_ids), BACKGROUND_SECONDS)
            for entry in entries:
                self._feed_ids[entry.namespace] = entry.entry_id
            self._server.tell(
                RunChanged(record=entry.change) if isinstance(entry.change, RunRecord) else entry.change
                for entry in entries
            )

    async def _find_namespaces(self) -> None:
        now = time.monotonic()
        if now - self._namespaces_read_at < NAMESPACES_SECONDS:
            return
        self._namespaces_read_at = now
        found = await self._parts.breaker.call(self._parts.ledger.namespaces(), BACKGROUND_SECONDS)
        for namespace in found | {held.key.namespace for held in self._parts.book}:
            self._feed_ids.setdefault(namespace, self._feed_from)

    async def _tell_depths(self) -> None:
        pools = self._parts.book.heavy_pools
        await self._tell_workers(pools)
        if self._parts.breaker.reachable:
            self._server.tell(await self._parts.heavy.depths(pools))
        else:
            self._server.tell(unread_depths(pools))

    async def _tell_workers(self, pools: Sequence[tuple[str, str]]) -> None:
        """Before the depths: what a worker takes in between is then seen twice, and not missed."""
        if not pools:
            return
        workers: Sequence[tuple[WorkerSeen, ...] | None]
        try:
            workers = await self._parts.breaker.call(self._parts.ledger.workers(pools), BACKGROUND_SECONDS)
        except LedgerUnreachable:
            workers = [None] * len(pools)
        self._server.tell(
            PoolWorkersSeen(namespace=namespace, pool=pool, workers=seen)
            for (namespace, pool), seen in zip(pools, workers, strict=True)
        )

    def _read_status(self) -> SchedulerStatus:
        return SchedulerStatus(
            jobs=len(self._parts.book),
            redis_reachable=self._parts.breaker.known_reachable,
            runners_connected=self._link.connected,
            runs_in_flight=self._parts.light.in_flight,
            fence=self._parts.permission.fence,
            redis_problem=self._watch.problem,
        )


def unread_depths(pools: Iterable[tuple[str, str]]) -> list[Message]:
    return [PoolDepth(namespace=namespace, pool=pool, ready=None, unacked=None) for namespace, pool in pools]
