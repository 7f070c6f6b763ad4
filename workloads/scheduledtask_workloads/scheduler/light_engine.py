"""Light runs: queued here, handed to the runners as fast as those have room, and accounted for until they ended."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, Reason, RunOrder, RunState, TaskKey
from scheduledtask_workloads.contract.messages import (
    AttemptEnded,
    AttemptStarted,
    KillRun,
    ReportAcknowledged,
    RunnersHello,
    StartRun,
)
from scheduledtask_workloads.contract.secrets import SecretValue
from scheduledtask_workloads.scheduler.fair_queue import FairQueue
from scheduledtask_workloads.scheduler.light_run import AttemptKey, LightItem, attempt_key, key_of, order_of
from scheduledtask_workloads.scheduler.runners_link import RunnersLink

SHORT_RUN_SECONDS = 0.25
"""While runs are shorter than this, one more than it can run lies ready for each process. A longer run would let it
lie there, beyond our reach, when our permission ends."""

REPORTS_GRACE_SECONDS = 1.0
"""Reports that were not acknowledged follow right behind the runners' hello; what is missing after this is lost."""

BURST_SECONDS = 5.0
"""While many slices are admitted, runs wait, this long at most: whoever is handed over first would take the processor
from the admission of all others, and the last of them decides how late a slot is. 50,000 take 0.8 s on two cores."""

_SMOOTHING = 0.1  # of the runs' mean duration; about the last 20 runs count

logger = logging.getLogger(__name__)


class Outcomes(Protocol):
    """Who writes down what becomes of the attempts."""

    def accepted(self, key: AttemptKey, item: LightItem) -> bool: ...

    def dropped(self, key: AttemptKey) -> None: ...

    def started(self, message: AttemptStarted) -> None: ...

    def ended(self, report: AttemptReport) -> None: ...


class LightEngine:
    """Knows every light attempt that this process answers for."""

    def __init__(self, link: RunnersLink, outcomes: Outcomes, witnessed: Callable[[], Awaitable[bool]]) -> None:
        self._link = link
        self._outcomes = outcomes
        self._witnessed = witnessed
        self._queue = FairQueue()
        self._handed: dict[AttemptKey, AttemptRef] = {}
        self._active: dict[tuple[str, str], int] = {}
        self._secrets: dict[TaskKey, tuple[SecretValue, ...]] = {}
        self._processes = 0
        self._mean_seconds = SHORT_RUN_SECONDS
        self._wake = asyncio.Event()
        self._burst: asyncio.TimerHandle | None = None
        self._calm = asyncio.Event()
        self._calm.set()
        self._settling: asyncio.TimerHandle | None = None
        self.settled = False
        """The runners have told all that they have, so an attempt that is not `known` is nowhere."""

    def active_runs(self, task: TaskKey) -> int:
        """Of a task, queued or handed over."""
        return self._active.get(task, 0)

    def known(self) -> list[AttemptKey]:
        """Every attempt that is queued or handed over."""
        return [*self._queue.keys(), *self._handed]

    def find(self, key: AttemptKey) -> AttemptRef | None:
        """Of an attempt that is queued or handed over. Fifty thousand of these are not made in one turn."""
        handed = self._handed.get(key)
        if handed is not None:
            return handed
        item = self._queue.find(key)
        return None if item is None else item.ref

    def has(self, ref: AttemptRef) -> bool:
        """It was handed to the runners, by us or by the process before us, and has not been reported."""
        return attempt_key(ref) in self._handed

    @property
    def in_flight(self) -> int:
        return len(self._handed)

    @property
    def waiting(self) -> int:
        """Admitted, and not yet handed over."""
        return len(self._queue)

    @property
    def processes(self) -> int:
        """Bodies that the runners can run at once; 0 while they are away."""
        return self._processes if self._link.connected else 0

    def enqueue(self, items: Iterable[LightItem]) -> None:
        """Admitted attempts; what is known already is not taken twice."""
        for item in items:
            key = key_of(item)
            if self._outcomes.accepted(key, item):
                self._count(key)
                self._queue.append(key, item)
        self._wake.set()

    @property
    def in_burst(self) -> bool:
        """Slices of one slot are being admitted."""
        return self._burst is not None

    async def until_no_burst(self, timeout_seconds: float) -> None:
        """What need not be done at the same moment as many slots waits here, but no longer than this."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._calm.wait()

    def begin_burst(self) -> None:
        """More is about to be admitted: hand over when that is done, or after BURST_SECONDS."""
        self.end_burst()
        self._calm.clear()
        self._burst = asyncio.get_running_loop().call_later(BURST_SECONDS, self.end_burst)

    def end_burst(self) -> None:
        if self._burst is not None:
            self._burst.cancel()
            self._burst = None
            self._calm.set()
            self.wake()

    def forget_queue(self) -> None:
        """Another leader answers for what was not handed over."""
        dropped = self._drop_queued(lambda _: True)
        if dropped:
            logger.warning("dropped what was queued under an older leader's number", extra={"runs": dropped})

    def keep_secrets(self, task: TaskKey, secrets: tuple[SecretValue, ...]) -> None:
        """What the references in its arguments stand for now; they are in no place but this memory."""
        if secrets:
            self._secrets[task] = secrets
        else:
            self._secrets.pop(task, None)

    def forget_task(self, task: TaskKey) -> None:
        """Its queued runs were cancelled in the ledger."""
        self._secrets.pop(task, None)
        if self.active_runs(task):
            self._drop_queued(lambda key: key.task == task)

    def stop(self, refs: Iterable[AttemptRef]) -> None:
        """Cancelled, or no longer the current attempts: kill what runs, drop what is queued."""
        keys = {attempt_key(ref): ref for ref in refs}
        self._link.send(KillRun(ref=ref) for key, ref in keys.items() if key in self._handed)
        for key in keys:
            if self._queue.discard(key):
                self._forget(key)

    def cancel(self, task: TaskKey, run_id: str) -> None:
        """A queued attempt is reported cancelled, one that was handed over is killed."""
        if not self.active_runs(task):
            return
        for key in self.known():
            if (key.task, key.run_id) == (task, run_id):
                self._cancel(key)

    def _cancel(self, key: AttemptKey) -> None:
        ref = self.find(key)
        if ref is None:
            return
        if not self._queue.discard(key):
            self._link.send([KillRun(ref=ref)])
            return
        self._release(key)
        self._end(AttemptReport(ref=ref, state=RunState.CANCELLED, reason=Reason.CANCELLED, ended_at=time.time()))

    def _drop_queued(self, unwanted: Callable[[AttemptKey], bool]) -> int:
        dropped = self._queue.remove(unwanted)
        for key in dropped:
            self._forget(key)
        return len(dropped)

    async def run(self) -> None:
        """Hand over while there is something, room, and permission; until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue and self._room() > 0 and await self._witnessed():
                self._hand_over()

    def wake(self) -> None:
        """Permission may have come back."""
        if self._queue:
            self._wake.set()

    def _room(self) -> int:
        if not self._link.connected or self._burst is not None:
            return 0
        spare = self._processes if self._mean_seconds < SHORT_RUN_SECONDS else 0
        return self._processes + spare - len(self._handed)

    def _hand_over(self) -> None:
        """Without a pause since permission was found: nothing may come in between."""
        orders = [self._with_secrets(order_of(self._queue.pop())) for _ in range(min(self._room(), len(self._queue)))]
        self._handed.update((attempt_key(order.ref), order.ref) for order in orders)
        self._link.send(StartRun(order=order) for order in orders)

    def _with_secrets(self, order: RunOrder) -> RunOrder:
        secrets = self._secrets.get(order.ref.key) if self._secrets else None
        return order.model_copy(update={"secrets": secrets}) if secrets else order

    # --- what the runners say

    def connected(self, hello: RunnersHello) -> None:
        self._processes = hello.processes
        running = {attempt_key(ref): ref for ref in hello.running}
        suspects = [key for key in self._handed if key not in running]
        for key, ref in running.items():
            if key not in self._handed:
                self._handed[key] = ref
                self._count(key)
        loop = asyncio.get_running_loop()
        self._settling = loop.call_later(REPORTS_GRACE_SECONDS, self._settle, suspects)
        self._wake.set()

    def disconnected(self) -> None:
        self.settled = False
        if self._settling is not None:
            self._settling.cancel()

    def started(self, message: AttemptStarted) -> None:
        self._outcomes.started(message)

    def ended(self, message: AttemptEnded) -> None:
        report = message.report
        if report.started_at is not None:
            self._mean_seconds += _SMOOTHING * (report.ended_at - report.started_at - self._mean_seconds)
        self._end(report)
        self._wake.set()

    def acknowledge(self, refs: Iterable[AttemptRef]) -> None:
        """Their reports are in the ledger."""
        self._link.send(ReportAcknowledged(ref=ref) for ref in refs)

    def _settle(self, suspects: list[AttemptKey]) -> None:
        """What was handed over, does not run and was not reported, died with the runners."""
        self.settled = True
        for key in suspects:
            ref = self._handed.get(key)
            if ref is not None:
                self._end(lost_report(ref))

    def _end(self, report: AttemptReport) -> None:
        key = attempt_key(report.ref)
        if self._handed.pop(key, None) is not None:
            self._release(key)
        self._outcomes.ended(report)

    def _forget(self, key: AttemptKey) -> None:
        self._release(key)
        self._outcomes.dropped(key)

    def _count(self, key: AttemptKey) -> None:
        task = key[:2]  # a tuple of its own is what takes the time here
        self._active[task] = self._active.get(task, 0) + 1

    def _release(self, key: AttemptKey) -> None:
        left = self._active.pop(key[:2], 0) - 1
        if left > 0:
            self._active[key[:2]] = left


def lost_report(ref: AttemptRef) -> AttemptReport:
    return AttemptReport(
        ref=ref,
        state=RunState.LOST,
        reason=Reason.HOST_LOST,
        message="the runners died, or were restarted, with the run",
        ended_at=time.time(),
    )
