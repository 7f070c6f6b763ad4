"""Pure time: schedules, zones and daylight saving, jitter, and the slots due between two instants.

Nothing here reads a clock. A slot is a UTC instant of a whole second; every `datetime` given must be aware.
"""

from scheduledtask_workloads.schedule.errors import ScheduleError, ZoneError
from scheduledtask_workloads.schedule.jitter import due_time
from scheduledtask_workloads.schedule.rule import DstPolicy, Rule, parse_rule
from scheduledtask_workloads.schedule.slots import count_slots, latest_slot, next_slot, slots_between
from scheduledtask_workloads.schedule.zones import check_zone

__all__ = [
    "DstPolicy",
    "Rule",
    "ScheduleError",
    "ZoneError",
    "check_zone",
    "count_slots",
    "due_time",
    "latest_slot",
    "next_slot",
    "parse_rule",
    "slots_between",
]
