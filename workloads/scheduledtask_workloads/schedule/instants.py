"""Between datetimes and whole Unix seconds."""

from datetime import datetime, timedelta

from scheduledtask_workloads.schedule.errors import ScheduleError
from scheduledtask_workloads.schedule.zones import EPOCH


def to_epoch(moment: datetime) -> int:
    """Unix seconds, rounded down. Raises ScheduleError for a time without a zone."""
    if moment.utcoffset() is None:
        raise ScheduleError(f"time {moment.isoformat()} has no zone: give one, such as UTC")
    return (moment - EPOCH) // timedelta(seconds=1)


def from_epoch(seconds: int) -> datetime:
    """In UTC."""
    return EPOCH + timedelta(seconds=seconds)
