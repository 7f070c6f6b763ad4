"""The slots of a rule: UTC instants, whole seconds, each once."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from scheduledtask_workloads.schedule.instants import from_epoch, to_epoch
from scheduledtask_workloads.schedule.rule import Rule, timetable


def next_slot(rule: Rule, after: datetime) -> datetime | None:
    """The first slot strictly after `after`, in UTC; None when there is none."""
    found = timetable(rule).next(to_epoch(after))
    return None if found is None else from_epoch(found)


def latest_slot(rule: Rule, after: datetime, until: datetime) -> datetime | None:
    """The last slot in (after, until]; what it costs does not depend on how far apart they are."""
    found = timetable(rule).latest(to_epoch(after), to_epoch(until))
    return None if found is None else from_epoch(found)


def slots_between(rule: Rule, after: datetime, until: datetime, limit: int | None = None) -> Iterator[datetime]:
    """Slots in (after, until], earliest first, `limit` at most."""
    return map(from_epoch, islice(_between(rule, to_epoch(after), to_epoch(until)), limit))


def count_slots(rule: Rule, after: datetime, until: datetime, limit: int) -> int:
    """How many slots lie in (after, until]; counting stops at `limit`."""
    return sum(1 for _ in islice(_between(rule, to_epoch(after), to_epoch(until)), limit))


def _between(rule: Rule, after: int, until: int) -> Iterator[int]:
    asked = timetable(rule)
    slot = asked.next(after)
    while slot is not None and slot <= until:
        yield slot
        slot = asked.next(slot)
