"""The next attempts: retries whose pause is over, runs whose host was lost, messages that were lost on their way."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from scheduledtask_workloads.broker import BrokerUnavailable
from scheduledtask_workloads.contract import AttemptReport, Reason, RunState, TaskClass
from scheduledtask_workloads.ledger import DueRun, EpochMissing, FencedOut, LedgerUnreachable, OpenRun
from scheduledtask_workloads.scheduler.admission import Parts
from scheduledtask_workloads.scheduler.breaker import BACKGROUND_SECONDS
from scheduledtask_workloads.scheduler.light_run import AttemptKey

SWEEP_SECONDS = 1.0
SECOND_LOOK_SECONDS = 0.3
"""A message on its way from the queue to a worker is in neither for an instant: its absence is seen twice."""

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Sweeping:
    """`host` names this process, which was started at `since` (Unix seconds)."""

    def __init__(
        self, parts: Parts, *, host: str, since: float, lease_seconds: float, fenced: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._host = host
        self._since = since
        self._lease_seconds = lease_seconds
        self._fenced = fenced
        self._inherited = False

    async def run(self) -> None:
        """Each second while we lead and Redis answers; until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            fence = self._parts.permission.fence
            if fence is None or not self._parts.recovery.ready:
                continue
            try:
                await self._settle_inheritance()
                await self._sweep(fence)
            except LedgerUnreachable:
                continue
            except EpochMissing:
                self._parts.recovery.disturb()
            except FencedOut:
                self._fenced()

    async def _sweep(self, fence: int) -> None:
        namespaces = await self._ask(self._parts.ledger.namespaces())
        due = await self._lost(await self._ask(self._parts.ledger.due_for_sweep(namespaces)))
        if not due:
            return
        queued = await self._queued(due)
        made = await self._ask(self._parts.ledger.sweep(due, queued, fence, self._host, self._lease_seconds))
        self._parts.light.enqueue(attempt.order for attempt in made if not attempt.pool)
        self._parts.heavy.enqueue((attempt.pool, attempt.order) for attempt in made if attempt.pool)
        if made:
            logger.info("made next attempts", extra={"runs": len(made)})

    async def _lost(self, due: Sequence[DueRun]) -> list[DueRun]:
        """Without those that this process holds: their leases lapsed because we, or Redis, were busy or frozen."""
        accounts, light = self._parts.accounts, self._parts.light
        held = {run: key for run in due if accounts.holds(key := key_of_due(run))}
        if held:
            await accounts.renew(list(held.values()), light.find)
        return [run for run in due if run not in held]

    async def _queued(self, due: Sequence[DueRun]) -> set[DueRun]:
        waiting = {run for run in due if run.pool is not None}
        seen = await self._seen(waiting)
        if seen != waiting:
            await asyncio.sleep(SECOND_LOOK_SECONDS)
            seen |= await self._seen(waiting - seen)
        return seen

    async def _seen(self, runs: Iterable[DueRun]) -> set[DueRun]:
        """Those whose message is in its pool; of a pool that can't be read, all."""
        by_pool: dict[tuple[str, str], set[DueRun]] = {}
        for run in runs:
            by_pool.setdefault((run.namespace, run.pool or ""), set()).add(run)
        seen: set[DueRun] = set()
        for (namespace, pool), members in by_pool.items():
            try:
                attempts = await self._parts.heavy.attempts_in(namespace, pool)
            except BrokerUnavailable:
                seen |= members
            else:
                seen |= {run for run in members if run.attempt_id in attempts}
        return seen

    async def _settle_inheritance(self) -> None:
        """Light attempts of the process that we took the place of: what the runners do not have was interrupted.

        Without waiting for its lease, once the runners have said what they have.
        """
        if self._inherited or not self._parts.light.settled:
            return
        for key in await self._ask(self._parts.ledger.tasks_with_open_runs()):
            for run in await self._ask(self._parts.ledger.open_runs(key)):
                if self._was_ours(run) and not self._is_known(run):
                    self._parts.accounts.ended(interrupted_report(run))
        self._inherited = True

    def _is_known(self, run: OpenRun) -> bool:
        return self._parts.light.has(run.ref) or self._parts.accounts.knows(run.ref)

    def _was_ours(self, run: OpenRun) -> bool:
        record = run.record
        return (
            record.task_class is TaskClass.LIGHT
            and record.state is not RunState.WAITING
            and (record.admitted_at or 0.0) < self._since
            and is_predecessor(record.host, self._host)
        )

    async def _ask(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        return await self._parts.breaker.call(asked, BACKGROUND_SECONDS)


def key_of_due(run: DueRun) -> AttemptKey:
    return AttemptKey(run.namespace, run.name, run.run_id, run.attempt)


def host_name() -> str:
    """This process, for leases."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_predecessor(host: str, own_host: str) -> bool:
    """Whether `host` was a process on this machine, or in this pod, that has ended. Process ids come again."""
    name, _, pid = host.rpartition(":")
    if name != own_host.rpartition(":")[0]:
        return False
    if host == own_host:
        return True
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return True
    except PermissionError:
        return False
    return False


def interrupted_report(run: OpenRun) -> AttemptReport:
    return AttemptReport(
        ref=run.ref,
        state=RunState.LOST,
        reason=Reason.INTERRUPTED,
        message="the scheduler was restarted before the run had ended",
        ended_at=time.time(),
    )
