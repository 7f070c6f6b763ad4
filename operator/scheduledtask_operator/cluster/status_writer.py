"""The statuses that people read, written while this operator leads: what differs, within a budget, never lost.

It is level-based: what is wanted is held, and compared with what the watch last saw. Each write holds to the version
that it was computed from, so neither a recreated object nor another leader's newer status is overwritten.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Protocol

from scheduledtask_operator.cluster.backoff import Backoff
from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.errors import ApiError, ClusterError, UnreachableError
from scheduledtask_operator.cluster.kinds import SCHEDULED_TASKS
from scheduledtask_operator.cluster.merge_patch import merge_patch
from scheduledtask_operator.cluster.observed_status import ObservedStatus
from scheduledtask_operator.cluster.status_rank import rank_of
from scheduledtask_operator.cluster.write_queue import Rank, WriteBudget, WriteQueue
from scheduledtask_operator.control.ports import Clock, Leadership, PoolKey
from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_operator.control.status_document import status_document
from scheduledtask_workloads.contract import TaskKey

CONCURRENCY = 16  # requests at once; with more an API server of two cores wrote no more a second
COMPARED_AT_ONCE = 20  # statuses, about 5 ms, before other work has its turn
LONGEST_WAIT_SECONDS = 0.25  # to see a change of leadership
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.5, 60.0  # of one object
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 5.0  # of all, while the API server is away
logger = logging.getLogger(__name__)


class Transitions(Protocol):
    """Told of a status that was written, with the one before it."""

    def status_written(self, key: TaskKey, uid: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None: ...


class StatusWriter:
    """The loop's StatusSink. `run` until cancelled; call `watched` when the watch saw a change of an object."""

    def __init__(
        self,
        *,
        client: Client,
        leadership: Leadership,
        clock: Clock,
        observed: Callable[[TaskKey], ObservedStatus | None],
        transitions: Transitions,
        budget: WriteBudget | None = None,
    ) -> None:
        """`observed`: as the watch last saw an object; None when it knows of none."""
        self._client = client
        self._leadership = leadership
        self._clock = clock
        self._observed = observed
        self._transitions = transitions
        self._wanted: dict[TaskKey, TaskStatus] = {}
        self._changed: dict[TaskKey, None] = {}  # in the order in which they did
        self._answers: dict[TaskKey, ObservedStatus] = {}  # of writes that the watch has not seen yet
        self._own_versions: dict[TaskKey, str] = {}
        self._queue: WriteQueue[TaskKey] = WriteQueue(budget or WriteBudget(), self._seconds())
        self._retries: dict[TaskKey, Backoff] = {}
        self._pause = Backoff(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        self._paused_until = 0.0
        self._led_under: int | None = None
        self._in_flight: set[TaskKey] = set()
        self._something = asyncio.Event()

    @property
    def pending(self) -> int:
        """How many objects are to be compared or written; 0 for a standby."""
        return len(self._changed) + len(self._queue) + len(self._in_flight)

    def write(self, key: TaskKey, status: TaskStatus) -> None:
        self._wanted[key] = status
        self._look_at(key)

    def forget(self, key: TaskKey) -> None:
        self._wanted.pop(key, None)
        self._changed.pop(key, None)
        self._answers.pop(key, None)
        self._own_versions.pop(key, None)
        self._retries.pop(key, None)
        self._queue.forget(key)

    def watched(self, key: TaskKey) -> None:
        """The watch saw another version of the object; somebody may have changed its status."""
        self._forget_seen_answer(key)
        observed = self._observed(key)
        if key in self._wanted and observed is not None and observed.resource_version != self._own_versions.get(key):
            self._look_at(key)

    def members(self, pool: PoolKey) -> list[TaskKey]:
        """The tasks that a pool serves."""
        return [
            key
            for key, status in self._wanted.items()
            if status.job is not None and (key.namespace, status.job.pool) == pool
        ]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                if self._leads():
                    self._compare_some()
                    for key, rank in self._due():
                        self._in_flight.add(key)
                        group.create_task(self._write(key, rank))
                await self._wait()

    async def flush(self, timeout_seconds: float) -> bool:
        """Write all that is wanted now, whatever the budget says. Whether it was done in time; `run` goes on."""
        self._queue.hurry(self._seconds())
        self._something.set()
        deadline = self._seconds() + timeout_seconds
        while self._leads() and self.pending:
            if self._seconds() >= deadline:
                return False
            await asyncio.sleep(0.02)
        return self._leadership.fence() is not None

    def _forget_seen_answer(self, key: TaskKey) -> None:
        observed, answered = self._observed(key), self._answers.get(key)
        if observed is None or answered is None or not answered.is_newer_than(observed):
            self._answers.pop(key, None)

    def _look_at(self, key: TaskKey) -> None:
        if self._led_under is not None:
            self._changed[key] = None
            self._something.set()

    def _leads(self) -> bool:
        """A new leader compares everything: nobody told it what the one before had still to write."""
        fence = self._leadership.fence()
        if fence != self._led_under:
            self._led_under = fence
            self._queue.clear()
            self._retries.clear()
            self._changed = {} if fence is None else dict.fromkeys(self._wanted)
        return fence is not None

    def _compare_some(self) -> None:
        now = self._seconds()
        for key in list(islice(self._changed, COMPARED_AT_ONCE)):
            del self._changed[key]
            try:
                rank = self._rank(key)
            except Exception:
                logger.exception("a status could not be made", extra=_fields(key))
                rank = None
            if rank is None:
                self._queue.drop(key)
            elif key not in self._in_flight:  # else it is compared again when that write has ended
                self._queue.put(key, rank, now)

    def _rank(self, key: TaskKey) -> Rank | None:
        status, base = self._wanted.get(key), self._base(key)
        if status is None or base is None:
            return None
        before = base.status
        return rank_of(before, status_document(status, before, self._clock.now())) if before else Rank.URGENT

    def _base(self, key: TaskKey) -> ObservedStatus | None:
        """What the object has: as the watch saw it, or as a newer answer of our own says."""
        observed, answered = self._observed(key), self._answers.get(key)
        if observed is None or answered is None or answered.uid != observed.uid:
            return observed
        return answered if answered.is_newer_than(observed) else observed

    def _due(self) -> Iterator[tuple[TaskKey, Rank]]:
        now = self._seconds()
        if now < self._paused_until:
            return
        while len(self._in_flight) < CONCURRENCY and (taken := self._queue.take(now)) is not None:
            yield taken

    async def _wait(self) -> None:
        """Until there is something to do, or may be."""
        if self._changed and self._led_under is not None:
            await asyncio.sleep(0)
            return
        self._something.clear()
        with contextlib.suppress(TimeoutError):  # not wait_for: before Python 3.12 it can swallow a cancellation
            async with asyncio.timeout(self._wait_seconds()):
                await self._something.wait()

    def _wait_seconds(self) -> float:
        now = self._seconds()
        due = self._queue.wait_seconds(now)
        if self._led_under is None or due is None or len(self._in_flight) >= CONCURRENCY:
            return LONGEST_WAIT_SECONDS
        return min(max(due, self._paused_until - now), LONGEST_WAIT_SECONDS)

    async def _write(self, key: TaskKey, rank: Rank) -> None:
        try:
            written = await self._patch(key)
        except ClusterError as error:
            self._refused(key, rank, error)
        except Exception:
            logger.exception("a status could not be written", extra=_fields(key))
            self._queue.retry(key, rank, self._seconds(), LONGEST_RETRY_SECONDS)
        else:
            self._retries.pop(key, None)
            if written:
                self._pause.reset()
                self._queue.done(key, self._seconds())
        finally:
            self._in_flight.discard(key)
            self._something.set()

    async def _patch(self, key: TaskKey) -> bool:
        """Whether there was something to write."""
        status, base = self._wanted.get(key), self._base(key)
        if status is None or base is None or self._leadership.fence() is None:
            return False
        before = base.status
        wanted = status_document(status, before, self._clock.now())
        patch = merge_patch(before, wanted)
        if not patch:
            return False
        body = {"metadata": {"resourceVersion": base.resource_version}, "status": patch}
        path = SCHEDULED_TASKS.path(key.namespace, key.name, "status")
        answer = ObservedStatus.of(await self._client.merge(path, body))
        if key in self._wanted:
            self._answers[key], self._own_versions[key] = answer, answer.resource_version
            self._forget_seen_answer(key)
            if self._wanted[key] is not status:
                self._look_at(key)
        self._transitions.status_written(key, base.uid, before, wanted)
        return True

    def _refused(self, key: TaskKey, rank: Rank, error: ClusterError) -> None:
        """What concerns the server stops all for a moment; the object itself is tried again ever more seldom."""
        now = self._seconds()
        if isinstance(error, UnreachableError):
            self._hold(now, error)
            self._queue.retry(key, rank, now, self._paused_until - now)
            return
        if isinstance(error, ApiError) and error.is_passing:
            self._hold(now, error, error.retry_after_seconds or 0.0)
        elif not (isinstance(error, ApiError) and (error.is_conflict or error.is_missing)):
            logger.warning("a status was refused: %s", error, extra=_fields(key))
        self._answers.pop(key, None)  # somebody else's may be newer
        if key in self._wanted:
            retry = self._retries.setdefault(key, Backoff(FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS))
            self._queue.retry(key, rank, now, retry.next_seconds())

    def _hold(self, now: float, error: ClusterError, asked_seconds: float = 0.0) -> None:
        """Requests that were under way together fail together, and count as one failure."""
        if now >= self._paused_until:
            self._paused_until = now + max(self._pause.next_seconds(), asked_seconds)
            logger.warning("the API server takes no statuses, again in %.1f s: %s", self._paused_until - now, error)

    def _seconds(self) -> float:
        return self._clock.boottime_seconds()


def _fields(key: TaskKey) -> dict[str, str]:
    return {"namespace": key.namespace, "task": key.name}
