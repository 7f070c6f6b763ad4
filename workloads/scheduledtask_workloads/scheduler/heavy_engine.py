"""Heavy runs: published to their pools from a thread, batch by batch, and marked in the ledger."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from scheduledtask_workloads.broker import BrokerUnavailable, HeavyPublisher
from scheduledtask_workloads.contract import AttemptRef, RunOrder, TaskKey
from scheduledtask_workloads.contract.messages import PoolDepth
from scheduledtask_workloads.ledger import LedgerUnreachable

BATCH = 500  # orders in one call; the thread is free for depths in between

PoolName = tuple[str, str]  # namespace, pool

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class HeavyEngine:
    """What was admitted and could not be published stays so in the ledger; the sweep makes its next attempt."""

    def __init__(
        self, publisher: HeavyPublisher, mark_dispatched: Callable[[Sequence[AttemptRef]], Awaitable[object]]
    ) -> None:
        self._publisher = publisher
        self._mark_dispatched = mark_dispatched
        self._waiting: dict[str, list[RunOrder]] = {}
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="publisher")

    def enqueue(self, orders: Iterable[tuple[str, RunOrder]]) -> None:
        """Admitted attempts, each with its pool."""
        for pool, order in orders:
            self._waiting.setdefault(pool, []).append(order)
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            waiting, self._waiting = self._waiting, {}
            for pool, orders in waiting.items():
                for start in range(0, len(orders), BATCH):
                    await self._publish(orders[start : start + BATCH], pool)

    async def depths(self, pools: Iterable[PoolName]) -> list[PoolDepth]:
        """Of each pool; what could not be read is None."""
        return [await self._depth(namespace, pool) for namespace, pool in pools]

    async def attempts_in(self, namespace: str, pool: str) -> frozenset[str]:
        """Ids of the attempts whose messages wait in a pool or lie with its workers. Raises BrokerUnavailable."""
        return await self._in_thread(lambda: self._publisher.attempts(namespace, pool))

    async def withdraw(self, task: TaskKey, pool: str, run_id: str = "") -> None:
        """Take the messages of a task, or of one of its runs, out of the queue: they were cancelled.

        A worker would drop them too, but none may be there, and they would count as waiting for one.
        """
        if not pool:
            return
        try:
            await self._in_thread(lambda: self._publisher.withdraw(task, pool, run_id))
        except BrokerUnavailable as error:
            logger.warning("messages of cancelled runs are left to the workers", extra={"error": str(error)})

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._publisher.close()

    async def _publish(self, orders: list[RunOrder], pool: str) -> None:
        try:
            await self._in_thread(lambda: self._publisher.publish(orders, pool))
            await self._mark_dispatched([order.ref for order in orders])
        except (BrokerUnavailable, LedgerUnreachable) as error:
            logger.warning(
                "could not publish; the sweep will", extra={"pool": pool, "runs": len(orders), "error": str(error)}
            )
        else:
            logger.info("published", extra={"pool": pool, "runs": len(orders)})

    async def _depth(self, namespace: str, pool: str) -> PoolDepth:
        try:
            depth = await self._in_thread(lambda: self._publisher.depth(namespace, pool))
        except BrokerUnavailable:
            return PoolDepth(namespace=namespace, pool=pool, ready=None, unacked=None)
        return PoolDepth(
            namespace=namespace,
            pool=pool,
            ready=depth.ready,
            unacked=depth.unacked,
            oldest_sent_at=depth.oldest_sent_at,
        )

    async def _in_thread(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
