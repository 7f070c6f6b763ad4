"""Deleted tasks: their queued runs are cancelled, running ones finish, then their keys go.

A task may be deleted while no scheduler runs, or while another one leads; so what the ledger knows is also compared
with the jobs, once they are complete, and under each new number.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from itertools import islice
from typing import Any, TypeVar

from scheduledtask_workloads.contract import TaskKey
from scheduledtask_workloads.ledger import Ledger
from scheduledtask_workloads.scheduler.breaker import BACKGROUND_SECONDS, Breaker
from scheduledtask_workloads.scheduler.job_book import JobBook

A_ROUND = 50
"""Tasks forgotten before slots get their turn: some 10 ms."""
AGAIN_SECONDS = 0.05

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Removals:
    """`withdraw` takes the messages of a heavy task (its key, its pool) out of the pool's queue."""

    def __init__(
        self, ledger: Ledger, breaker: Breaker, book: JobBook, withdraw: Callable[[TaskKey, str], Awaitable[None]]
    ) -> None:
        self._ledger = ledger
        self._breaker = breaker
        self._book = book
        self._withdraw = withdraw
        self._removed: dict[TaskKey, str] = {}
        self._compared: dict[TaskKey, None] = {}
        self._unusable: set[TaskKey] = set()
        self._complete = False
        self._to_compare = False
        self.again: Callable[[], None] = lambda: None
        """Called when another round is needed."""

    def remove(self, key: TaskKey, pool: str) -> None:
        """The ScheduledTask was deleted; `pool` is where its runs are queued, '' for none."""
        self._removed[key] = pool

    def begin(self) -> None:
        """The control plane begins to send every job."""
        self._complete = False
        self._unusable.clear()

    def keep(self, key: TaskKey) -> None:
        """There is such a ScheduledTask, though we can't hold it."""
        self._unusable.add(key)

    def complete(self) -> None:
        """Every job was sent."""
        self._complete = self._to_compare = True

    def lead_anew(self) -> None:
        """What was deleted under another leader may have been made again since: the comparison tells."""
        self._removed.clear()
        self._compared.clear()
        self._to_compare = True

    async def settle(self) -> None:
        """Forget some of them. Raises LedgerUnreachable."""
        if self._to_compare and self._complete:
            self._compared = dict.fromkeys(self._unknown(await self._ask(self._ledger.task_keys())))
            self._to_compare = False
            if self._compared:
                logger.info("tasks that were deleted meanwhile", extra={"tasks": len(self._compared)})
        for key in list(islice(self._removed, A_ROUND)):
            await self._ask(self._ledger.cancel_queued(key.namespace, key.name))
            await self._withdraw(key, self._removed.pop(key, ""))
        for key in list(islice(self._compared, A_ROUND)):
            if self._book.find(key) is None:
                await self._ask(self._ledger.cancel_queued(key.namespace, key.name))
            self._compared.pop(key, None)
        if self._removed or self._compared:
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.again)

    def _unknown(self, keys: Iterable[TaskKey]) -> list[TaskKey]:
        return [key for key in keys if self._book.find(key) is None and key not in self._unusable]

    async def _ask(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        return await self._breaker.call(asked, BACKGROUND_SECONDS)
