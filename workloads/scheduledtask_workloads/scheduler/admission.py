"""From due slots to admitted attempts: one round at a time, light first, in slices.

One task does all of it, so that no slot is decided twice at once, and so that nothing is admitted while the ledger and
our memory are being brought together.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, TypeVar

from scheduledtask_workloads.contract import ConcurrencyPolicy, Reason, TaskClass
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.ledger import (
    Admission,
    Claim,
    FencedOut,
    Ledger,
    LedgerUnreachable,
    Verdict,
)
from scheduledtask_workloads.scheduler.accounts import Accounts
from scheduledtask_workloads.scheduler.breaker import Breaker
from scheduledtask_workloads.scheduler.fire_lag import FireLag
from scheduledtask_workloads.scheduler.heavy_engine import HeavyEngine
from scheduledtask_workloads.scheduler.holds import Holds
from scheduledtask_workloads.scheduler.job_book import HeldJob, JobBook
from scheduledtask_workloads.scheduler.light_engine import LightEngine
from scheduledtask_workloads.scheduler.light_run import LightRun
from scheduledtask_workloads.scheduler.permission import Permission, boottime_seconds
from scheduledtask_workloads.scheduler.plan import Candidate, Plan, Planner
from scheduledtask_workloads.scheduler.recovery import Recovery
from scheduledtask_workloads.scheduler.requests import Requests
from scheduledtask_workloads.scheduler.slot_decision import SkippedSlots
from scheduledtask_workloads.scheduler.timing import Group

logger = logging.getLogger(__name__)

Item = TypeVar("Item")


class Parts(NamedTuple):
    """What admission works with."""

    ledger: Ledger
    breaker: Breaker
    book: JobBook
    permission: Permission
    recovery: Recovery
    accounts: Accounts
    light: LightEngine
    heavy: HeavyEngine
    requests: Requests
    fire_lag: FireLag


class Admitting:
    """`host` names this process; `lease_seconds` and `slice_size`: see Settings."""

    def __init__(
        self, parts: Parts, *, host: str, lease_seconds: float, slice_size: int, fenced: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._host = host
        self._lease_seconds = lease_seconds
        self._slice_size = slice_size
        self._fenced = fenced
        self._due_groups: set[Group] = set()
        self._due_jobs: list[HeldJob] = []
        self._holds = Holds()
        self._hold_timer: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()

    # --- what calls for a round

    def due(self, groups: Iterable[Group]) -> None:
        self._due_groups.update(groups)
        self._wake.set()

    def wake(self) -> None:
        """Recovery has something to do, or a run was asked for."""
        self._wake.set()

    def due_job(self, job: HeldJob) -> None:
        """Also of a job that is about to be replaced: its old schedule counts until now."""
        self._due_jobs.append(job)
        self._wake.set()

    def look_again(self) -> None:
        """Permission, Redis or the clock may have changed: every slot that is open is looked at."""
        self.due(self._parts.book.groups)

    def heartbeat(self, now: datetime) -> None:
        """Each second, for holds that a step of the clock has made due, and for requests that were not answered."""
        if self._parts.requests:
            self._wake.set()
        if self._holds.next() is not None:
            self._rouse_holds(now)

    # --- rounds

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            fence = self._parts.permission.fence
            if fence is None:
                continue
            try:
                await self._round(fence)
            except FencedOut:
                self._fenced()

    async def _round(self, fence: int) -> None:
        parts = self._parts
        reachable = await self._recovered(fence)
        if parts.permission.fence is None:
            return
        now = datetime.now(UTC)
        due: dict[TaskClass, list[HeldJob]] = (
            self._take_due() if parts.permission.firing else {engine: [] for engine in TaskClass}
        )
        planner, requests = Planner(now), parts.requests.take()
        for engine in (TaskClass.LIGHT, TaskClass.HEAVY):
            jobs = _slices(due[engine], self._slice_size)
            asked = (Plan(list(part)) for part in _slices(requests[engine], self._slice_size))
            plans = chain(asked, (planner.plan(jobs_slice) for jobs_slice in jobs))
            reachable = await self._admit_burst(plans, len(due[engine]), fence, now, reachable)
            if not reachable and engine is TaskClass.LIGHT:
                return  # what is heavy stays open until Redis is back

    async def _recovered(self, fence: int) -> bool:
        try:
            await self._parts.recovery.ensure(fence)
        except LedgerUnreachable:
            return False
        return True

    def _take_due(self) -> dict[TaskClass, list[HeldJob]]:
        """Each once, as two claims of one slot would be a waste; a namespace's together, which is quicker to admit."""
        groups, self._due_groups = self._due_groups, set()
        singles, self._due_jobs = self._due_jobs, []
        sharing = chain.from_iterable(map(self._parts.book.sharing, groups))
        due: dict[TaskClass, list[HeldJob]] = {engine: [] for engine in TaskClass}
        for job in {id(job): job for job in chain(sharing, singles)}.values():
            due[job.job.task_class].append(job)
        for jobs in due.values():
            jobs.sort(key=_namespace)
        return due

    async def _record_skips(self, planned: Plan, fence: int) -> bool:
        """Before later slots of the same tasks are admitted, as a watermark never goes back. False: unreachable."""
        skips = [_message(job, skip) for job, skip in planned.skipped]
        try:
            for batch in _slices(skips, self._slice_size):
                await self._parts.breaker.call(self._parts.ledger.record_skips(batch, fence))
        except LedgerUnreachable:
            return False
        for job, skip in planned.skipped:
            self._learn(job, skip.last_slot)
        return True

    async def _admit_burst(self, plans: Iterable[Plan], jobs: int, fence: int, now: datetime, reachable: bool) -> bool:
        if jobs <= self._slice_size:
            return await self._admit(plans, fence, now, reachable)
        self._parts.light.begin_burst()
        try:
            return await self._admit(plans, fence, now, reachable)
        finally:
            self._parts.light.end_burst()

    async def _admit(self, plans: Iterable[Plan], fence: int, now: datetime, reachable: bool) -> bool:
        """A slice is on its way to Redis while the next is planned, and the one before is worked in.

        False: Redis is unreachable.
        """
        before: tuple[list[Candidate], asyncio.Task[list[Admission] | None]] | None = None
        for planned in plans:
            reachable = await self._skip(planned, fence, now, reachable)
            if not planned.candidates:
                continue
            asked = asyncio.create_task(self._ask(planned.candidates, fence, now, reachable))
            await asyncio.sleep(0)
            if before is not None:
                reachable = self._settle(before[0], await before[1], fence, now)
            before = (planned.candidates, asked)
        if before is not None:
            reachable = self._settle(before[0], await before[1], fence, now)
        return reachable

    async def _skip(self, planned: Plan, fence: int, now: datetime, reachable: bool) -> bool:
        self._hold(planned, now)
        if not planned.skipped:
            return reachable
        reachable = reachable and await self._record_skips(planned, fence)
        if not reachable:
            self._skip_apart(planned)
        return reachable

    async def _ask(
        self, candidates: Sequence[Candidate], fence: int, now: datetime, reachable: bool
    ) -> list[Admission] | None:
        """None: Redis did not answer. Raises FencedOut."""
        if not reachable:
            return None
        claims = [claim for _, claim in candidates]
        try:
            admissions = await self._claim(claims, fence, now)
            if admissions[0].verdict is Verdict.EPOCH_MISSING:
                await self._parts.recovery.compare_epoch(fence)
                admissions = await self._claim(claims, fence, now)
        except LedgerUnreachable:
            return None
        if admissions[0].verdict is Verdict.FENCED:
            raise FencedOut(fence)
        return admissions if admissions[0].verdict is not Verdict.EPOCH_MISSING else None

    async def _claim(self, claims: list[Claim], fence: int, now: datetime) -> list[Admission]:
        asked = self._parts.ledger.admit(claims, fence, now.timestamp(), self._host, self._lease_seconds)
        return await self._parts.breaker.call(asked)

    def _settle(
        self, candidates: Sequence[Candidate], admissions: list[Admission] | None, fence: int, now: datetime
    ) -> bool:
        if admissions is None:
            self._admit_apart(candidates, fence, now)
            return False
        admitted = [
            candidate
            for candidate, admission in zip(candidates, admissions, strict=True)
            if admission.verdict is Verdict.ADMITTED
        ]
        for job, claim in candidates:
            if claim.slot_epoch_seconds is not None:
                self._learn(job, claim.slot_epoch_seconds)
        self._hand_on(admitted, fence)
        self._parts.fire_lag.admitted(admitted, time.time())
        if candidates[0][1].slot_epoch_seconds is None:  # a slice is all slots or all requests
            self._parts.requests.answer(candidates, admissions, now.timestamp())
        _log_slice(candidates, len(admitted), redis=True)
        return True

    def _hand_on(self, admitted: list[Candidate], fence: int) -> None:
        if not admitted:
            return
        if admitted[0][1].job.task_class is TaskClass.LIGHT:  # a slice is of one engine
            self._parts.light.enqueue(LightRun(claim, fence) for _, claim in admitted)
        else:
            self._parts.heavy.enqueue((claim.job.pool, claim.order(fence)) for _, claim in admitted)

    # --- without Redis

    def _skip_apart(self, planned: Plan) -> None:
        """Only what a light slot took the place of, or came too late for; heavy slots stay open."""
        if self._parts.permission.granted(boottime_seconds()):
            for job, skip in planned.skipped:
                if job.job.task_class is TaskClass.LIGHT:
                    self._learn(job, skip.last_slot)
                    self._parts.accounts.skip_apart(_message(job, skip))

    def _admit_apart(self, candidates: Sequence[Candidate], fence: int, now: datetime) -> None:
        """Light slots under the grant alone; everything else waits for Redis."""
        if not self._parts.permission.granted(boottime_seconds()):
            return
        admitted: list[Candidate] = []
        for job, claim in candidates:
            slot = claim.slot_epoch_seconds
            if slot is not None and job.job.task_class is TaskClass.LIGHT:
                self._learn(job, slot)
                if self._fits_apart(job, slot):
                    admitted.append((job, claim))
        runs = [LightRun(claim, fence) for _, claim in admitted]
        for run in runs:
            self._parts.accounts.run_apart(run, now.timestamp())
        self._parts.light.enqueue(runs)
        self._parts.fire_lag.admitted(admitted, time.time())
        _log_slice(candidates, len(runs), redis=False)

    def _fits_apart(self, job: HeldJob, slot: int) -> bool:
        """A slice has a job once, so what it admits itself need not count."""
        forbids = job.job.concurrency_policy is ConcurrencyPolicy.FORBID
        if forbids and self._parts.light.active_runs(job.key) >= job.job.max_concurrency:
            self._parts.accounts.skip_apart(_message(job, SkippedSlots(Reason.OVERLAP, 1, slot)))
            return False
        return True

    # --- inside

    def _learn(self, job: HeldJob, slot: int) -> None:
        """Also of the job that has taken its place meanwhile."""
        job.learn(slot)
        if job.replaced_by is not None:
            self._learn(job.replaced_by, slot)

    def _hold(self, planned: Plan, now: datetime) -> None:
        if not planned.held:
            return
        for until, key in planned.held:
            self._holds.add(until, key)
        self._arm(now)

    def _rouse_holds(self, now: datetime) -> None:
        for key in self._holds.take_due(now.timestamp()):
            held = self._parts.book.find(key)
            if held is not None:
                self.due_job(held)
        self._arm(now)

    def _arm(self, now: datetime) -> None:
        if self._hold_timer is not None:
            self._hold_timer.cancel()
            self._hold_timer = None
        until = self._holds.next()
        if until is not None:
            delay_seconds = max(0.0, until - now.timestamp())
            loop = asyncio.get_running_loop()
            self._hold_timer = loop.call_later(delay_seconds, lambda: self._rouse_holds(datetime.now(UTC)))


_namespace = attrgetter("key.namespace")  # a function of ours is called 50,000 times where the slot waits


def _message(job: HeldJob, skip: SkippedSlots) -> SlotsSkipped:
    return SlotsSkipped(
        namespace=job.key.namespace,
        name=job.key.name,
        reason=skip.reason,
        count=skip.count,
        last_slot_epoch_seconds=skip.last_slot,
    )


def _slices(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _log_slice(candidates: Sequence[Candidate], admitted: int, *, redis: bool) -> None:
    """A line a slice, not a line a run: ten thousand lines would be what makes the next slot late."""
    lag_seconds = time.time() - min(claim.due_at for _, claim in candidates)
    logger.info(
        "admitted",
        extra={
            "engine": candidates[0][1].job.task_class.value,
            "runs": admitted,
            "decided": len(candidates),
            "redis": redis,
            "fire_lag_ms": round(lag_seconds * 1000, 1),
        },
    )
