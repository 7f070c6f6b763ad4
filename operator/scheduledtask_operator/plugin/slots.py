"""The coming slots of a ScheduledTask, by the same code that the scheduler finds them with."""

from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from scheduledtask_operator.plugin.kubectl import Object
from scheduledtask_operator.plugin.times import read_time

if TYPE_CHECKING:
    from scheduledtask_workloads.schedule import Rule

_FAR = datetime(9999, 12, 31, tzinfo=UTC)


def coming_slots(task: Object, after: datetime, count: int, until: datetime = _FAR) -> tuple[datetime, ...]:
    """At most `count` of them, before `until`; none of one that has no schedule, or one that cannot be read.

    Tasks of the same slots get the same tuple.
    """
    spec, metadata = task["spec"], task["metadata"]
    if not spec.get("schedule"):
        return ()
    from scheduledtask_workloads.schedule import DstPolicy, ScheduleError, parse_rule

    try:
        rule = parse_rule(
            spec["schedule"],
            time_zone=spec.get("timeZone") or "UTC",
            dst_policy=DstPolicy(spec.get("dstPolicy") or "RunOnce"),
            identity=f"{metadata['namespace']}/{metadata['name']}",
            anchor=read_time(metadata.get("creationTimestamp")) or after,
        )
    except (ScheduleError, ValueError):
        return ()
    return _slots(rule, after, count, until)


@lru_cache(maxsize=4096)
def _slots(rule: "Rule", after: datetime, count: int, until: datetime) -> tuple[datetime, ...]:
    """Ten thousand tasks have far fewer rules."""
    from scheduledtask_workloads.schedule import slots_between

    try:
        return tuple(islice(slots_between(rule, after, until), count))
    except OverflowError:
        return ()
