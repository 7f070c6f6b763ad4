"""What became of light attempts, on its way to the ledger: in batches, and kept while Redis is away."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, Reason, RunRecord, RunState
from scheduledtask_workloads.contract.messages import AttemptStarted, SlotsSkipped
from scheduledtask_workloads.ledger import Claim, Ledger, LedgerUnreachable, RunWithoutRedis
from scheduledtask_workloads.scheduler.breaker import BACKGROUND_SECONDS, Breaker
from scheduledtask_workloads.scheduler.light_run import AttemptKey, LightItem, LightRun, attempt_key, key_of

FLUSH_SECONDS = 0.05  # what an outcome waits for others to travel with
BATCH = 500  # in one call of a script

REMEMBERED_SECONDS = 10.0
REMEMBERED_ENDS = 5_000
"""Ends that a server may lose after it acknowledged them: it syncs its file each second, and a replica lags by less."""

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Item = TypeVar("Item")


@dataclass(slots=True)
class ApartRun:
    """Admitted by this process alone, while Redis did not answer."""

    claim: Claim
    item: LightItem
    admitted_at: float
    started_at: float | None = None
    report: AttemptReport | None = None

    @property
    def is_queued(self) -> bool:
        """A slot's first attempt that has not begun: of these there may be tens of thousands."""
        first = isinstance(self.item, LightRun) and self.claim.slot_epoch_seconds is not None
        return first and self.started_at is None and self.report is None


class Accounts:
    """Nothing is forgotten before the ledger has it. `host` names this process; leases last `lease_seconds`."""

    def __init__(
        self,
        ledger: Ledger,
        breaker: Breaker,
        *,
        host: str,
        lease_seconds: float,
        changed: Callable[[RunRecord], None],
    ) -> None:
        self._ledger = ledger
        self._breaker = breaker
        self._host = host
        self._lease_seconds = lease_seconds
        self._changed = changed
        self._starts: dict[AttemptKey, AttemptStarted] = {}
        self._reports: dict[AttemptKey, AttemptReport] = {}
        self._apart: dict[AttemptKey, ApartRun] = {}
        self._accepted: dict[AttemptKey, LightItem] = {}
        self._ended: deque[tuple[LightItem, AttemptReport]] = deque(maxlen=REMEMBERED_ENDS)
        self._skips: list[SlotsSkipped] = []
        self.acknowledge: Callable[[Iterable[AttemptRef]], None] = lambda refs: None
        """Told of reports that the ledger has."""
        self.suspect: Callable[[], None] = lambda: None
        """Told when the server is another one than was compared."""
        self.stop: Callable[[Iterable[AttemptRef]], None] = lambda refs: None
        """Told of attempts that are cancelled, or no longer the current ones."""

    # --- what happens

    def accepted(self, key: AttemptKey, item: LightItem) -> bool:
        """An attempt that this process answers for from now on; False when it did already."""
        return self._accepted.setdefault(key, item) is item

    def dropped(self, key: AttemptKey) -> None:
        """It does not any more, and the attempt did not run."""
        self._accepted.pop(key, None)
        self._apart.pop(key, None)

    def run_apart(self, run: LightRun, now: float) -> None:
        """A light run that starts without Redis."""
        self._apart[run.key] = ApartRun(run.claim, run, now)

    def skip_apart(self, skip: SlotsSkipped) -> None:
        self._skips.append(skip)

    def started(self, message: AttemptStarted) -> None:
        key = attempt_key(message.ref)
        apart = self._apart.get(key)
        if apart is None:
            self._starts[key] = message
        else:
            apart.started_at = message.started_at
            self._changed(_apart_record(apart, self._host))

    def ended(self, report: AttemptReport) -> None:
        key = attempt_key(report.ref)
        _log_failure(report)
        self._starts.pop(key, None)  # the report tells the start too
        apart = self._apart.get(key)
        if apart is None:
            self._reports[key] = report
        else:
            apart.report = report
            self._changed(_apart_record(apart, self._host))

    def knows(self, ref: AttemptRef) -> bool:
        """The attempt is on its way, or its end is, to the ledger."""
        key = attempt_key(ref)
        return key in self._accepted or key in self._reports

    def holds(self, key: AttemptKey) -> bool:
        """This process answers for the attempt, whatever its lease says."""
        return key in self._accepted

    # --- to the ledger

    async def run(self, may_flush: Callable[[], bool]) -> None:
        """Flush again and again while `may_flush`; until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            if may_flush():
                try:
                    await self.flush()
                except LedgerUnreachable:
                    continue

    async def flush(self) -> None:
        """Starts, then reports. Raises LedgerUnreachable; what did not arrive is kept."""
        while self._starts:
            begun = _some(self._starts)
            starts = [(message.ref, message.started_at, self._host) for message in begun.values()]
            gone = await self._ask(self._ledger.mark_started(starts, self._lease_seconds))
            if gone and not await self._is_compared():
                return
            _drop(self._starts, begun)
            self.stop(gone)
        while self._reports:
            reports = _some(self._reports)
            records = await self._ask(self._ledger.finish(list(reports.values())))
            if None in records and not await self._is_compared():
                return
            _drop(self._reports, reports)
            self._conclude(reports)

    async def write_down(self, fence: int) -> set[AttemptKey]:
        """What happened without Redis. Raises LedgerUnreachable and FencedOut.

        Returns the attempts that were queued, whose leases began with this.
        """
        while self._skips:
            skips = self._skips[:BATCH]
            await self._ask(self._ledger.record_skips(skips, fence))
            del self._skips[: len(skips)]
        begun: set[AttemptKey] = set()
        while self._apart:
            some = _some(self._apart)
            queued = {key: apart for key, apart in some.items() if apart.is_queued}
            await self._write_down_queued(queued, fence)
            begun.update(queued)
            others = {key: _as_it_stands(apart, self._host) for key, apart in some.items() if key not in queued}
            if others:
                await self._ask(self._ledger.write_down(list(others.values()), fence, self._lease_seconds))
            for key, run in others.items():
                self._settle(key, run.report)
        return begun

    async def _write_down_queued(self, queued: dict[AttemptKey, ApartRun], fence: int) -> None:
        """They may have begun, or ended, by the time the ledger answers; then they are runs like any other."""
        runs = [_as_it_stands(apart, self._host) for apart in queued.values()]
        gone = await self._ask(self._ledger.write_down_queued(runs, fence, self._host, self._lease_seconds))
        for key, apart in queued.items():
            self._settle(key, None)
            if apart.started_at is not None and apart.report is None:
                self._starts[key] = AttemptStarted(ref=apart.item.ref, started_at=apart.started_at)
        self.stop(gone)

    async def restore(self, fence: int, claim_of: Callable[[LightItem], Claim | None]) -> None:
        """The server may have lost what it was told: tell again what is on its way, and what ended lately.

        Raises LedgerUnreachable and FencedOut.
        """
        now = time.time()
        ended = [(item, report) for item, report in self._ended if report.ended_at > now - REMEMBERED_SECONDS]
        going = [(item, self._reports.pop(key, None)) for key, item in self._accepted.items() if key not in self._apart]
        for item, report in [*ended, *going]:
            claim = claim_of(item)
            if claim is not None:
                self._apart[key_of(item)] = ApartRun(claim, item, claim.due_at, report=report)
        await self.write_down(fence)

    async def renew(self, keys: Sequence[AttemptKey], find: Callable[[AttemptKey], AttemptRef | None]) -> None:
        """Keep these attempts alive, but for those that are gone when it is their turn. Raises LedgerUnreachable."""
        for start in range(0, len(keys), BATCH):
            found = map(find, keys[start : start + BATCH])
            batch = [ref for ref in found if ref is not None]
            gone = await self._ask(self._ledger.renew_leases(batch, self._lease_seconds))
            if gone and not await self._is_compared():
                return
            self.stop(gone)

    async def _is_compared(self) -> bool:
        """Whether an attempt that the ledger does not know is really none: not where the server lost its memory."""
        epoch = await self._ask(self._ledger.epoch())
        if not epoch.matches:
            self.suspect()
        return epoch.matches

    def _settle(self, key: AttemptKey, written: AttemptReport | None) -> None:
        """Written down; from here on it is a run like any other. Its end may have come meanwhile, or it was dropped."""
        apart = self._apart.pop(key, None)
        if written is not None:
            self._conclude({key: written})
        elif apart is not None and apart.report is not None:
            self._reports[key] = apart.report

    def _conclude(self, reports: dict[AttemptKey, AttemptReport]) -> None:
        for key, report in reports.items():
            item = self._accepted.pop(key, None)
            if item is not None:
                self._ended.append((item, report))
        self.acknowledge([report.ref for report in reports.values()])

    async def _ask(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        return await self._breaker.call(asked, BACKGROUND_SECONDS)


def _some(waiting: dict[AttemptKey, Item]) -> dict[AttemptKey, Item]:
    return dict(islice(waiting.items(), BATCH))


def _drop(waiting: dict[AttemptKey, Item], done: dict[AttemptKey, Item]) -> None:
    """Unless something newer came for the same attempt while the ledger was asked."""
    for key, item in done.items():
        if waiting.get(key) is item:
            del waiting[key]


def _as_it_stands(apart: ApartRun, host: str) -> RunWithoutRedis:
    return RunWithoutRedis(apart.claim, apart.item.ref, host, apart.admitted_at, apart.started_at, apart.report)


def _apart_record(apart: ApartRun, host: str) -> RunRecord:
    """What the control plane sees until the ledger has its say."""
    report = apart.report
    job = apart.claim.job
    return RunRecord(
        namespace=job.namespace,
        name=job.name,
        run_id=apart.claim.run_id,
        task_class=job.task_class,
        state=report.state if report else RunState.STARTED,
        slot_epoch_seconds=apart.claim.slot_epoch_seconds,
        attempts=1,
        reason=report.reason if report else Reason.COMPLETED,
        message=report.message if report else "",
        result=report.result if report else None,
        output=report.output if report else "",
        admitted_at=apart.admitted_at,
        started_at=report.started_at if report else apart.started_at,
        ended_at=report.ended_at if report else None,
        peak_memory_bytes=report.peak_memory_bytes if report else None,
        host=host,
    )


def _log_failure(report: AttemptReport) -> None:
    if report.state is RunState.SUCCEEDED:
        return
    logger.warning(
        "an attempt did not succeed",
        extra={
            "namespace": report.ref.namespace,
            "task": report.ref.name,
            "run_id": report.ref.run_id,
            "attempt": report.ref.attempt,
            "state": report.state.value,
            "reason": report.reason.value,
            "error": report.message,
        },
    )
