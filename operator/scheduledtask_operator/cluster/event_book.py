"""The Events that are to be recorded: what happens again to the same object for the same reason is counted.

Pure but for its memory; `now` is seconds on any clock that does not go back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.api.event_reasons import EventReason

COUNTED_FOR_SECONDS = 600.0  # after the last time; then it is a new Event, as with Kubernetes' own recorder
PERIOD_SECONDS = 10.0  # between two writes of one Event
PENDING_LIMIT = 5000  # Events; more than that is told by the statuses alone


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that an Event is of."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


@dataclass(slots=True)
class CountedEvent:
    """`name` is empty until it is recorded; `unsent` says whether there is something to write."""

    subject: Subject
    reason: EventReason
    note: str
    first_at: datetime
    last_at: datetime
    count: int
    due: float
    happened: float
    name: str = ""
    unsent: bool = True


class EventBook:
    """`add` what happens; write what is `due`, and say `sent`, `again` or `drop`."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, EventReason], CountedEvent] = {}
        self._dropped = 0

    def __len__(self) -> int:
        return sum(event.unsent for event in self._events.values())

    def add(self, subject: Subject, reason: EventReason, note: str, at: datetime, now: float, times: int = 1) -> None:
        """`at` is when it happened."""
        key = (subject.uid, reason)
        known = self._events.get(key)
        if known is not None and (known.unsent or now - known.happened < COUNTED_FOR_SECONDS):
            known.note, known.last_at, known.happened = note, at, now
            known.count += times
            known.unsent = True
        elif self._has_room(now):
            self._events.pop(key, None)  # so that it comes last
            self._events[key] = CountedEvent(subject, reason, note, at, at, times, due=now, happened=now)
        else:
            self._dropped += 1

    def take_dropped(self) -> int:
        """How many there was no room for since it was last asked."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def due(self, now: float) -> Iterator[CountedEvent]:
        """In the order in which they first happened."""
        return (event for event in list(self._events.values()) if event.unsent and event.due <= now)

    def sent(self, event: CountedEvent, name: str, now: float, count: int) -> None:
        """It is recorded under `name`, with `count`; more may have happened since."""
        event.name, event.due = name, now + PERIOD_SECONDS
        event.unsent = event.count != count

    def again(self, event: CountedEvent, now: float, after_seconds: float) -> None:
        event.due = now + after_seconds

    def drop(self, event: CountedEvent) -> None:
        self._events.pop((event.subject.uid, event.reason), None)

    def clear(self) -> None:
        self._events.clear()

    def _has_room(self, now: float) -> bool:
        if len(self._events) >= PENDING_LIMIT:
            old = [
                key
                for key, event in self._events.items()
                if not event.unsent and now - event.happened >= COUNTED_FOR_SECONDS
            ]
            for key in old:
                del self._events[key]
        return len(self._events) < PENDING_LIMIT
