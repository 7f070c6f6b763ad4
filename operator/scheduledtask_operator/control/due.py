"""When the slots of a job start: its schedule, from the moment it counts, with jitter."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from scheduledtask_workloads.contract import JobSchedule, TaskKey
from scheduledtask_workloads.schedule import Rule, due_time, next_slot, parse_rule
from scheduledtask_workloads.schedule.instants import from_epoch


class DueSlot(NamedTuple):
    """`due_at` is the slot plus its jitter."""

    slot: datetime
    due_at: datetime


def next_due(key: TaskKey, schedule: JobSchedule, after: datetime) -> DueSlot | None:
    """The first slot that starts strictly after `after`; None when there is none."""
    return next(_slots(key, schedule, after), None)


def due_slots(key: TaskKey, schedule: JobSchedule, after: datetime, until: datetime) -> Iterator[DueSlot]:
    """The slots that start in (after, until], earliest first."""
    return takewhile(lambda slot: slot.due_at <= until, _slots(key, schedule, after))


def _slots(key: TaskKey, schedule: JobSchedule, after: datetime) -> Iterator[DueSlot]:
    rule = schedule_rule(key, schedule)
    earliest = after - timedelta(seconds=schedule.jitter_seconds)
    slot = next_slot(rule, max(earliest, from_epoch(schedule.effective_from_epoch_seconds)))
    while slot is not None:
        due_at = due_time(rule, slot, jitter_seconds=schedule.jitter_seconds, identity=str(key))
        if due_at > after:
            yield DueSlot(slot, due_at)
        slot = next_slot(rule, slot)


def schedule_rule(key: TaskKey, schedule: JobSchedule) -> Rule:
    return parse_rule(
        schedule.expression,
        time_zone=schedule.time_zone,
        dst_policy=schedule.dst_policy,
        identity=str(key),
        anchor=from_epoch(schedule.anchor_epoch_seconds),
    )
