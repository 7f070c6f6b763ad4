"""From the end of a run to the runs that follow: each is asked for by an object whose name is made from that end."""

import logging
from collections import deque
from typing import Protocol

from scheduledtask_operator.api import API_VERSION, RUN_KIND, ScheduledTaskRun
from scheduledtask_operator.api.trigger_cause import TriggerCause
from scheduledtask_operator.control.keyed_queue import KeyedQueue
from scheduledtask_operator.control.ports import Clock, Leadership, Resources
from scheduledtask_operator.control.run_requests import RequestKey, RunRequests
from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_operator.control.trigger_book import TriggerBook
from scheduledtask_operator.decisions.triggers import FollowingRun, runs_that_follow
from scheduledtask_workloads.contract import RunRecord, TaskKey
from scheduledtask_workloads.contract.messages import RunChanged, SchedulerToControl, TaskHistory

REMEMBERED_RUNS = 200  # of each task: more than a history tells anew; one that is forgotten is made again, to no effect
logger = logging.getLogger(__name__)


class TriggerObserver(Protocol):
    def trigger_stopped(self, following: FollowingRun) -> None:
        """It would have been one trigger too many in a row."""
        ...


class Triggers:
    """Call `hear` with all that the scheduler says; `run` until cancelled.

    Only final records count, and the ledger tells them anew, to each leader and after each connection: what is decided
    while nobody leads is decided again by who leads next.
    """

    def __init__(
        self,
        *,
        book: TriggerBook,
        requests: RunRequests,
        resources: Resources,
        link: SchedulerLink,
        leadership: Leadership,
        observer: TriggerObserver,
        clock: Clock,
    ) -> None:
        self._book = book
        self._requests = requests
        self._resources = resources
        self._link = link
        self._leadership = leadership
        self._observer = observer
        self._clock = clock
        self._queue: KeyedQueue[RequestKey] = KeyedQueue()
        self._wanted: dict[RequestKey, FollowingRun] = {}
        self._followed: dict[TaskKey, deque[tuple[int | None, str]]] = {}

    async def run(self) -> None:
        await self._queue.work(self.make)

    @property
    def is_idle(self) -> bool:
        """Whether every run that is known to follow was asked for."""
        return not self._wanted

    def hear(self, message: SchedulerToControl) -> None:
        match message:
            case RunChanged(record=record) if record.state.final:
                self._follow(record)
            case TaskHistory(records=records):
                for record in reversed(records):
                    self._follow(record)

    async def make(self, key: RequestKey) -> float | None:
        """Ask for a run that follows. Raises what the port raises: then it is tried again."""
        following = self._wanted.get(key)
        if following is None:
            return None
        if self._leadership.fence() is not None and self._resources.get(following.key) is not None:
            await self._requests.make(_request(following))
        self._wanted.pop(key, None)
        return None

    def _follow(self, record: RunRecord) -> None:
        key = TaskKey(record.namespace, record.name)
        followers = self._book.followers(key)
        if not followers or not self._is_news(key, record.run_id):
            return
        job = self._link.job(key)
        for following in runs_that_follow(record, followers, job.artifacts_url if job else "", self._clock.now()):
            self._want(following)

    def _want(self, following: FollowingRun) -> None:
        if following.too_deep:
            extra = {"namespace": following.key.namespace, "task": following.key.name, "run_id": following.cause.run_id}
            logger.warning("a run follows no more: %d triggers led to it", following.cause.depth - 1, extra=extra)
            self._observer.trigger_stopped(following)
            return
        key = RequestKey(following.key.namespace, following.name)
        self._wanted[key] = following
        self._queue.add(key)

    def _is_news(self, key: TaskKey, run_id: str) -> bool:
        """Another term begins anew: another leader may have been between, and have been lost."""
        known = self._followed.setdefault(key, deque(maxlen=REMEMBERED_RUNS))
        mark = (self._leadership.fence(), run_id)
        if mark in known:
            return False
        known.append(mark)
        return True


def _request(following: FollowingRun) -> ScheduledTaskRun:
    return ScheduledTaskRun.model_validate(
        {
            "apiVersion": API_VERSION,
            "kind": RUN_KIND,
            "metadata": {"name": following.name, "namespace": following.key.namespace},
            "spec": {"scheduledTask": following.key.name, "triggeredBy": TriggerCause.of(following.cause)},
        }
    )
