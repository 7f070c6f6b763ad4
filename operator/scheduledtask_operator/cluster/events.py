"""Events on transitions and failures, for `kubectl describe`: counted, within a budget, and only while we lead."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

from scheduledtask_operator.api import API_VERSION, KIND
from scheduledtask_operator.api.event_reasons import EVENT_NOTES, EventReason
from scheduledtask_operator.cluster import event_wording
from scheduledtask_operator.cluster.backoff import Backoff
from scheduledtask_operator.cluster.client import Client, Object, object_path
from scheduledtask_operator.cluster.errors import ApiError, ClusterError, UnreachableError
from scheduledtask_operator.cluster.event_book import CountedEvent, EventBook, Subject
from scheduledtask_operator.cluster.event_wording import Words
from scheduledtask_operator.cluster.observed_status import ObservedStatus
from scheduledtask_operator.cluster.token_bucket import TokenBucket
from scheduledtask_operator.control.ports import Clock, Leadership, PoolKey
from scheduledtask_operator.control.status import Condition
from scheduledtask_operator.control.status_runs import one_line, written_time
from scheduledtask_operator.decisions.scaling import ScaleDecision
from scheduledtask_operator.decisions.triggers import FollowingRun
from scheduledtask_workloads.contract import RunRecord, TaskKey
from scheduledtask_workloads.contract.messages import SchedulerToControl, SlotsSkipped

COMPONENT = "scheduledtask"
EVENTS_PER_SECOND = 20.0  # beside 50 statuses; the API server keeps each for an hour
RESERVE = 100.0
NOTE_LENGTH = 1024  # the API's bound
MEMBERS_TOLD = 10  # of a pool that scales, how many of its tasks have it in their story
LOOK_SECONDS = 0.25
DROPPED_PERIOD_SECONDS = 60.0  # between two lines that Events were dropped
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0
logger = logging.getLogger(__name__)


class KubernetesEvents:
    """The loop's Observer, and the status writer's Transitions. `run` until cancelled."""

    def __init__(
        self,
        *,
        client: Client,
        leadership: Leadership,
        clock: Clock,
        observed: Callable[[TaskKey], ObservedStatus | None],
        members: Callable[[PoolKey], Iterable[TaskKey]],
        instance: str,
        events_per_second: float = EVENTS_PER_SECOND,
    ) -> None:
        """`members`: the tasks that a pool serves. `instance`: this operator's pod."""
        self._client = client
        self._leadership = leadership
        self._clock = clock
        self._observed = observed
        self._members = members
        self._instance = instance
        self._book = EventBook()
        self._bucket = TokenBucket(events_per_second, self._seconds(), reserve=RESERVE)
        self._pause = Backoff(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        self._paused_until = 0.0
        self._owned_up_at = self._seconds()
        self._fence: int | None = None
        self._leads_since = clock.now()

    async def run(self) -> None:
        while True:
            if self._leads():
                await self._write_due()
                self._own_up(self._seconds())
            await asyncio.sleep(LOOK_SECONDS)

    def leader_changed(self, lease: Object) -> None:
        """This replica leads now; `lease` as the API server has it."""
        if not self._leads():
            return
        metadata = lease["metadata"]
        kind, version = "Lease", "coordination.k8s.io/v1"
        subject = Subject(version, kind, metadata["namespace"], metadata["name"], metadata["uid"])
        self._add(subject, Words(EventReason.LEADER_CHANGED, f"{self._instance} leads"))

    def status_written(self, key: TaskKey, uid: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        for words in event_wording.of_status(before, after):
            self._tell(key, words)

    def run_changed(self, record: RunRecord) -> None:
        """A new leader is told anew what ended before it led."""
        if not self._leads() or _happened_at(record) < self._leads_since.timestamp():
            return
        words = event_wording.of_run(record, self._clock.now())
        if words is not None:
            self._tell(TaskKey(record.namespace, record.name), words)

    def run_not_found(self, key: TaskKey, run_id: str) -> None:
        self._tell(key, event_wording.of_missing_run(run_id))

    def trigger_stopped(self, following: FollowingRun) -> None:
        self._tell(following.key, event_wording.of_stopped_trigger(following))

    def history_read(self, record: RunRecord) -> None:
        """Nothing: it happened before we began, or unseen."""

    def slots_skipped(self, skipped: SlotsSkipped) -> None:
        self._tell(TaskKey(skipped.namespace, skipped.name), event_wording.of_skip(skipped))

    def pool_scaled(self, pool: PoolKey, before: int, decision: ScaleDecision) -> None:
        words = event_wording.of_scaling(pool, before, decision)
        for key in islice(self._members(pool), MEMBERS_TOLD):
            self._tell(key, words)

    def condition_changed(self, key: TaskKey, condition: Condition) -> None:
        """Nothing: the status that is written says it, and knows what was written before a restart."""

    def scheduler_connected(self, connected: bool) -> None:
        """Nothing: it concerns no ScheduledTask."""

    def scheduler_said(self, message: SchedulerToControl) -> None:
        """Nothing: the loop tells what came of it."""

    def _tell(self, key: TaskKey, words: Words) -> None:
        observed = self._observed(key)
        if observed is not None and self._leads():
            self._add(Subject(API_VERSION, KIND, key.namespace, key.name, observed.uid), words)

    def _add(self, subject: Subject, words: Words) -> None:
        note = one_line(words.note, NOTE_LENGTH)
        self._book.add(subject, words.reason, note, self._clock.now(), self._seconds(), words.times)

    def _leads(self) -> bool:
        """What was to be told under another leader is its own."""
        fence = self._leadership.fence()
        if fence != self._fence:
            self._fence = fence
            self._book.clear()
            self._leads_since = self._clock.now() - timedelta(seconds=LOOK_SECONDS)
        return fence is not None

    async def _write_due(self) -> None:
        for event in self._book.due(self._seconds()):
            now = self._seconds()
            if now < self._paused_until or self._leadership.fence() is None or not self._bucket.take(now):
                return
            try:
                await self._write(event)
            except ClusterError as error:
                self._refused(event, error)
            else:
                self._pause.reset()

    async def _write(self, event: CountedEvent) -> None:
        path = object_path("v1", "events", namespace=event.subject.namespace)
        name, count = event.name, event.count
        if name:
            patch = {"count": count, "message": event.note, "lastTimestamp": written_time(event.last_at)}
            await self._client.merge(f"{path}/{name}", patch)
        else:
            name = f"{event.subject.name}.{secrets.token_hex(8)}"
            await self._client.create(path, event_object(event, name, self._instance))
        self._book.sent(event, name, self._seconds(), count)

    def _refused(self, event: CountedEvent, error: ClusterError) -> None:
        """An Event is no state: one that is refused for itself is let go."""
        now = self._seconds()
        if isinstance(error, UnreachableError) or (isinstance(error, ApiError) and error.is_passing):
            self._paused_until = now + self._pause.next_seconds()
            self._book.again(event, now, 0.0)
        elif isinstance(error, ApiError) and error.is_missing and event.name:  # it was older than Events get
            event.name, event.first_at, event.count = "", event.last_at, 1
        else:
            logger.info("an Event was refused: %s", error, extra={"namespace": event.subject.namespace})
            self._book.drop(event)

    def _own_up(self, now: float) -> None:
        if now - self._owned_up_at >= DROPPED_PERIOD_SECONDS:
            self._owned_up_at = now
            if dropped := self._book.take_dropped():
                logger.warning("too much happened at once: %d Events were not recorded", dropped)

    def _seconds(self) -> float:
        return self._clock.boottime_seconds()


def event_object(event: CountedEvent, name: str, instance: str) -> Object:
    """The Event (core v1) called `name`, fresh."""
    subject = event.subject
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": subject.namespace},
        "involvedObject": {
            "apiVersion": subject.api_version,
            "kind": subject.kind,
            "namespace": subject.namespace,
            "name": subject.name,
            "uid": subject.uid,
        },
        "type": str(EVENT_NOTES[event.reason].type),
        "reason": str(event.reason),
        "message": event.note,
        "count": event.count,
        "firstTimestamp": written_time(event.first_at),
        "lastTimestamp": written_time(event.last_at),
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": instance,
    }


def _happened_at(record: RunRecord) -> float:
    moments = [record.admitted_at, record.started_at, record.ended_at]
    return max((moment for moment in moments if moment is not None), default=0.0)
