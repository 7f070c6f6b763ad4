"""A delay that spreads tasks which share a slot, and is the same whoever computes it."""

from datetime import datetime, timedelta
from functools import lru_cache

from scheduledtask_workloads.schedule.errors import ScheduleError
from scheduledtask_workloads.schedule.hashed import stable_hash
from scheduledtask_workloads.schedule.instants import from_epoch, to_epoch
from scheduledtask_workloads.schedule.rule import Rule, timetable


def due_time(rule: Rule, slot: datetime, *, jitter_seconds: int, identity: str) -> datetime:
    """`slot` plus 0 to `jitter_seconds`, to the millisecond, a second at least before the rule's next slot; in UTC.

    Raises ScheduleError for a negative jitter.
    """
    if jitter_seconds < 0:
        raise ScheduleError(f"jitterSeconds {jitter_seconds} is below 0: must be 0 or more")
    start = to_epoch(slot)
    following = _following(rule, start)
    most = jitter_seconds if following is None else min(jitter_seconds, following - start - 1)
    milliseconds = stable_hash(identity, "jitter", str(start)) % (most * 1000 + 1)
    return from_epoch(start) + timedelta(milliseconds=milliseconds)


@lru_cache(maxsize=1024)  # the tasks that share a slot share the one after it
def _following(rule: Rule, start: int) -> int | None:
    return timetable(rule).next(start)
