"""Which status is written next, and when: urgent ones at once, the others within a budget.

Pure but for its memory: `now` is seconds on any clock that does not go back.
"""

import heapq
from collections.abc import Hashable
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from typing import Generic, TypeVar

from scheduledtask_operator.cluster.token_bucket import TokenBucket

Key = TypeVar("Key", bound=Hashable)


class Rank(IntEnum):
    """In the order in which they are written."""

    URGENT = 0
    """What a person waits for, or the operator itself after a restart; as fast as the API server takes them."""
    FAILURE = 1
    """At once, unless the same object was just written; in the budget of all."""
    ROUTINE = 2
    """Seldom for one object; in the budget of all."""


@dataclass(frozen=True, slots=True)
class WriteBudget:
    """How often statuses are written."""

    routine_period_seconds: float = 30.0
    """Between two routine writes of one object. Range: 1 to 3600. More is less load, and an older `kubectl get`."""
    failure_period_seconds: float = 5.0
    """Between a write and a failure's. Range: 0 to `routine_period_seconds`. A task that fails each second is enough
    to be told of every five."""
    settle_seconds: float = 2.0
    """How long a routine change waits for what comes with it: a light run's end follows its start."""
    writes_per_second: float = 50.0
    """Of all objects, urgent ones not counted. Range: 1 to 1000. An API server takes about 600."""


@dataclass(slots=True)
class _Entry:
    rank: Rank
    ticket: int
    wanted_since: float
    refused: bool


class WriteQueue(Generic[Key]):
    """`put` what is to be written, `take` what may be; then say `done` or `retry`."""

    def __init__(self, budget: WriteBudget, now: float) -> None:
        self._budget = budget
        self._bucket = TokenBucket(budget.writes_per_second, now)
        self._entries: dict[Key, _Entry] = {}
        self._heaps: dict[Rank, list[tuple[float, int, Key]]] = {rank: [] for rank in Rank}
        self._written_at: dict[Key, float] = {}
        self._tickets = count()
        self._hurried = False

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: Key, rank: Rank, now: float) -> None:
        """A rank that stands already and is higher stays; so does the time since which it is wanted."""
        known = self._entries.get(key)
        if known is not None and known.rank <= rank:
            return
        since = known.wanted_since if known else now
        self._enter(key, rank, self._due(key, rank, since, now), since)

    def take(self, now: float) -> tuple[Key, Rank] | None:
        """The next that may be written now; it is in the queue no more."""
        for rank in Rank:
            top = self._top(rank)
            if top is None or top[0] > now:
                continue
            if rank is not Rank.URGENT and not self._hurried and not self._bucket.take(now):
                return None
            key = top[2]
            self.drop(key)
            return key, rank
        return None

    def hurry(self, now: float) -> None:
        """From now on whatever the budget says; only what was refused waits as it was told."""
        self._hurried = True
        for key, entry in list(self._entries.items()):
            if not entry.refused:
                self._enter(key, entry.rank, now, entry.wanted_since)

    def wait_seconds(self, now: float) -> float | None:
        """Until something can be taken; None when there is nothing."""
        waits = [wait for rank in Rank if (wait := self._wait_of(rank, now)) is not None]
        return min(waits, default=None)

    def done(self, key: Key, now: float) -> None:
        """It was written."""
        self._written_at[key] = now

    def retry(self, key: Key, rank: Rank, now: float, after_seconds: float) -> None:
        """It was refused, or not answered; what was put meanwhile waits as long."""
        known = self._entries.get(key)
        first = min(rank, known.rank) if known else rank
        self._enter(key, first, now + after_seconds, now, refused=True)

    def drop(self, key: Key) -> None:
        """It need not be written (any more)."""
        self._entries.pop(key, None)

    def forget(self, key: Key) -> None:
        """Its object is gone."""
        self.drop(key)
        self._written_at.pop(key, None)

    def clear(self) -> None:
        self._hurried = False
        self._entries.clear()
        for heap in self._heaps.values():
            heap.clear()

    def _due(self, key: Key, rank: Rank, since: float, now: float) -> float:
        written_at = self._written_at.get(key)
        if rank is Rank.URGENT or self._hurried:
            return now
        if rank is Rank.FAILURE:
            return now if written_at is None else max(now, written_at + self._budget.failure_period_seconds)
        settled = since + self._budget.settle_seconds
        return settled if written_at is None else max(settled, written_at + self._budget.routine_period_seconds)

    def _enter(self, key: Key, rank: Rank, due: float, since: float, *, refused: bool = False) -> None:
        entry = _Entry(rank, next(self._tickets), since, refused)
        self._entries[key] = entry
        heapq.heappush(self._heaps[rank], (due, entry.ticket, key))

    def _top(self, rank: Rank) -> tuple[float, int, Key] | None:
        """Entries that were replaced or dropped are thrown away when they come up."""
        heap = self._heaps[rank]
        while heap:
            entry = self._entries.get(heap[0][2])
            if entry is not None and entry.ticket == heap[0][1]:
                return heap[0]
            heapq.heappop(heap)
        return None

    def _wait_of(self, rank: Rank, now: float) -> float | None:
        top = self._top(rank)
        if top is None:
            return None
        wait = max(0.0, top[0] - now)
        if rank is Rank.URGENT or self._hurried:
            return wait
        return max(wait, self._bucket.wait_seconds(now))
