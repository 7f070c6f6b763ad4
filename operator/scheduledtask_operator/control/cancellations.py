"""Runs that people cancel by an annotation of their ScheduledTask.

The annotation stays as it is. A value is acted on when it is first seen, and once more by each process that begins or
takes over: to cancel a run that has ended does nothing.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.control.keyed_queue import KeyedQueue
from scheduledtask_operator.control.ports import Clock, Leadership
from scheduledtask_operator.control.run_requests import CancelObserver
from scheduledtask_operator.control.runs import RunBook
from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_workloads.contract import TaskKey
from scheduledtask_workloads.contract.messages import CancelRun

FIND_SECONDS = 5.0
"""How long a run that nobody told of may take to be found: one that waits for a worker is told of when it ends."""
LOOK_SECONDS = 0.5
STANDBY_LOOK_SECONDS = 5.0
SAY_AGAIN_SECONDS = 10.0  # of a run that does not end: its host may just have been lost
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Wanted:
    """`is_news`: somebody wrote it while we led, and is to be told when there is no such run."""

    run_id: str
    is_news: bool
    since: datetime | None = None
    said_at: datetime | None = None


class Cancellations:
    """`wanted` when an annotation is seen, from the first listing on; `run` until cancelled."""

    def __init__(
        self, *, runs: RunBook, link: SchedulerLink, leadership: Leadership, observer: CancelObserver, clock: Clock
    ) -> None:
        self._runs = runs
        self._link = link
        self._leadership = leadership
        self._observer = observer
        self._clock = clock
        self._queue: KeyedQueue[TaskKey] = KeyedQueue()
        self._wanted: dict[TaskKey, _Wanted] = {}

    async def run(self) -> None:
        await self._queue.work(self.reconcile)

    def wanted(self, key: TaskKey, run_id: str) -> None:
        """`run_id`: the value of the annotation."""
        self._wanted[key] = _Wanted(run_id, is_news=self._leadership.fence() is not None)
        self._queue.add(key)

    async def reconcile(self, key: TaskKey) -> float | None:
        """Seconds until it is to be looked at again, None when there is nothing left to do."""
        wanted, now = self._wanted.get(key), self._clock.now()
        if wanted is None:
            return None
        if self._leadership.fence() is None:
            wanted.is_news, wanted.since, wanted.said_at = False, None, None
            return STANDBY_LOOK_SECONDS
        wanted.since = wanted.since or now
        if self._has_ended(key, wanted) or self._is_not_found(key, wanted, wanted.since, now):
            del self._wanted[key]
            return None
        self._say(key, wanted, now)
        return LOOK_SECONDS

    def _has_ended(self, key: TaskKey, wanted: _Wanted) -> bool:
        return self._runs.of(key).recent.knows(wanted.run_id)

    def _is_not_found(self, key: TaskKey, wanted: _Wanted, since: datetime, now: datetime) -> bool:
        known = self._runs.of(key)
        if any(run.run_id == wanted.run_id for run in known.active) or not known.told or wanted.said_at is None:
            return False
        if (now - since).total_seconds() < FIND_SECONDS:
            return False
        if wanted.is_news:
            self._observer.run_not_found(key, wanted.run_id)
        return True

    def _say(self, key: TaskKey, wanted: _Wanted, now: datetime) -> None:
        if wanted.said_at is not None and (now - wanted.said_at).total_seconds() < SAY_AGAIN_SECONDS:
            return
        if self._link.ask(CancelRun(namespace=key.namespace, name=key.name, run_id=wanted.run_id)):
            extra = {"namespace": key.namespace, "task": key.name, "run_id": wanted.run_id}
            logger.info("cancelling, as an annotation says", extra=extra)
            wanted.said_at = now
