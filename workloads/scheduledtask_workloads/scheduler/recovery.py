"""Brings the ledger and our memory together, before anything is admitted or swept.

Needed under a new leader's number, after Redis was away, when it is another server than before, and for jobs that the
ledger was not yet asked about. In between, it costs nothing.
"""

import logging
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from scheduledtask_workloads.contract import Job, RunOrder, slot_run_id
from scheduledtask_workloads.ledger import Claim, Ledger
from scheduledtask_workloads.scheduler.accounts import Accounts
from scheduledtask_workloads.scheduler.breaker import BACKGROUND_SECONDS, Breaker
from scheduledtask_workloads.scheduler.job_book import JobBook
from scheduledtask_workloads.scheduler.light_engine import LightEngine
from scheduledtask_workloads.scheduler.light_run import LightItem, LightRun
from scheduledtask_workloads.scheduler.removals import Removals

BATCH = 5000  # watermarks in one call
WORKERS_RETURN_SECONDS = 15.0
"""How long workers' leases hold that lapsed while Redis was away: workers must find it again, and on another server
their users are made anew before they may log in."""

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Recovery:
    """`ready` while what the ledger says and what we remember are known to agree."""

    def __init__(
        self,
        ledger: Ledger,
        breaker: Breaker,
        book: JobBook,
        accounts: Accounts,
        light: LightEngine,
        removals: Removals,
    ) -> None:
        self._ledger = ledger
        self._breaker = breaker
        self._book = book
        self._accounts = accounts
        self._light = light
        self._removals = removals
        self._fence: int | None = None
        self._was_away = False

    @property
    def ready(self) -> bool:
        return self._fence is not None and self._breaker.reachable

    def disturb(self) -> None:
        """They may no longer agree."""
        self._fence = None

    def redis_returned(self) -> None:
        """It answers again: what it holds, and the workers' leases, may be older than what goes on."""
        self._was_away = True
        self.disturb()

    def lead_anew(self, now: datetime) -> None:
        """A new number: another leader may have decided slots since we last did."""
        self.disturb()
        self._book.unlearn(now)
        self._removals.lead_anew()

    async def ensure(self, fence: int) -> None:
        """Make it so. Raises LedgerUnreachable and FencedOut."""
        if self._fence != fence:
            await self._ask(self._ledger.take_leadership(fence))
        await self._learn()
        if self._fence != fence:
            await self._agree(fence)
            self._fence = fence
        await self._removals.settle()

    async def compare_epoch(self, fence: int) -> None:
        """Another server, or the same without its memory: tell it what was decided, then stamp it."""
        epoch = await self._ask(self._ledger.epoch())
        if epoch.matches:
            return
        logger.info("another Redis server than before; comparing the ledger", extra={"server": epoch.server_run_id})
        watermarks = list(self._book.decided_slots().items())
        for start in range(0, len(watermarks), BATCH):
            await self._ask(self._ledger.raise_watermarks(dict(watermarks[start : start + BATCH])))
        await self._accounts.restore(fence, self._claim_of)
        await self._spare_workers(fence)
        await self._ask(self._ledger.stamp_epoch(fence, epoch.server_run_id))

    def _claim_of(self, item: LightItem) -> Claim | None:
        if isinstance(item, LightRun):
            return item.claim
        held = self._book.find(item.ref.key)
        return _claim_again(held.job, item) if held else None

    async def _learn(self) -> None:
        while self._book.unlearned:
            keys = list(self._book.unlearned)[:BATCH]
            self._book.learn(await self._ask(self._ledger.watermarks(keys)))

    async def _agree(self, fence: int) -> None:
        begun = await self._accounts.write_down(fence)
        if self._was_away:
            await self._spare_workers(fence)
            self._was_away = False
        await self.compare_epoch(fence)
        await self._accounts.renew([key for key in self._light.known() if key not in begun], self._light.find)
        await self._accounts.flush()

    async def _spare_workers(self, fence: int) -> None:
        """Before anything is swept, and before an epoch that stands lets messages in that were delivered again."""
        for namespace in await self._ask(self._ledger.namespaces()):
            spared = await self._ask(self._ledger.spare_workers(namespace, fence, WORKERS_RETURN_SECONDS))
            if spared:
                logger.info("workers could not renew their leases", extra={"namespace": namespace, "runs": spared})

    async def _ask(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        return await self._breaker.call(asked, BACKGROUND_SECONDS)


def _claim_again(job: Job, order: RunOrder) -> Claim:
    """What a later attempt began with. Of a request, the arguments are its own, and its slot decides nothing."""
    run_id, slot = order.ref.run_id, order.slot_epoch_seconds
    if slot is not None and run_id == slot_run_id(job.name, slot):
        return Claim(job, run_id, slot, float(slot))
    return Claim(job.model_copy(update={"arguments": order.arguments}), run_id, None, 0.0, slot)
