"""Where a wall clock that never jumps would match a cron expression.

A label is what the wall shows, as seconds since 1970-01-01T00:00:00 on that same wall; zones and DST come later.
"""

from calendar import monthrange
from datetime import date
from functools import lru_cache

from scheduledtask_workloads.schedule.fields import CronFields

DAY_SECONDS = 86400
FIRST_YEAR = 1900
LAST_YEAR = 9998  # the year after it must still fit a datetime in any zone
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def next_label(fields: CronFields, label: int) -> int | None:
    """The first matching label at or after `label`; None past LAST_YEAR."""
    day, time = divmod(label, DAY_SECONDS)
    if (found := _next_day(fields, day)) == day:
        if (later := _next_time(fields, time)) is not None:
            return day * DAY_SECONDS + later
        found = _next_day(fields, day + 1)
    return None if found is None else found * DAY_SECONDS + _first_time(fields)


def previous_label(fields: CronFields, label: int) -> int | None:
    """The last matching label at or before `label`; None before FIRST_YEAR."""
    day, time = divmod(label, DAY_SECONDS)
    if (found := _previous_day(fields, day)) == day:
        if (earlier := _previous_time(fields, time)) is not None:
            return day * DAY_SECONDS + earlier
        found = _previous_day(fields, day - 1)
    return None if found is None else found * DAY_SECONDS + _last_time(fields)


def _next_day(fields: CronFields, day: int) -> int | None:
    start = date.fromordinal(day + _EPOCH_ORDINAL)
    year, month, lowest = start.year, start.month, start.day
    while year <= LAST_YEAR:
        if days := _month_days(fields, year, month) >> lowest << lowest:
            return date(year, month, _lowest(days)).toordinal() - _EPOCH_ORDINAL
        year, month, lowest = (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)
    return None


def _previous_day(fields: CronFields, day: int) -> int | None:
    end = date.fromordinal(day + _EPOCH_ORDINAL)
    year, month, highest = end.year, end.month, end.day
    while year >= FIRST_YEAR:
        if days := _up_to(_month_days(fields, year, month), highest):
            return date(year, month, _highest(days)).toordinal() - _EPOCH_ORDINAL
        year, month, highest = (year, month - 1, 31) if month > 1 else (year - 1, 12, 31)
    return None


def _month_days(fields: CronFields, year: int, month: int) -> int:
    """The days of one month that match."""
    if not fields.month >> month & 1:
        return 0
    first_weekday, length = monthrange(year, month)  # Monday is 0 there, Sunday is 0 here
    on_weekdays = _weekday_days(fields.day_of_week)[(first_weekday + 1) % 7]
    days = fields.day_of_month | on_weekdays if fields.either_day else fields.day_of_month & on_weekdays
    return _up_to(days, length)


@lru_cache(maxsize=128)  # there are 127 sets of weekdays
def _weekday_days(day_of_week: int) -> tuple[int, ...]:
    """For each weekday that a month may begin with: the days that fall on one of the wanted weekdays."""
    return tuple(
        sum(1 << day for day in range(1, 32) if day_of_week >> (first + day - 1) % 7 & 1) for first in range(7)
    )


def _next_time(fields: CronFields, time: int) -> int | None:
    """The first matching time of day, in seconds, at or after `time`."""
    hour, minute, second = time // 3600, time // 60 % 60, time % 60
    if fields.hour >> hour & 1:
        if fields.minute >> minute & 1 and (seconds := fields.second >> second << second):
            return hour * 3600 + minute * 60 + _lowest(seconds)
        if minutes := fields.minute >> minute + 1 << minute + 1:
            return hour * 3600 + _lowest(minutes) * 60 + _lowest(fields.second)
    hours = fields.hour >> hour + 1 << hour + 1
    return _lowest(hours) * 3600 + _first_time(fields) % 3600 if hours else None


def _previous_time(fields: CronFields, time: int) -> int | None:
    """The last matching time of day, in seconds, at or before `time`."""
    hour, minute, second = time // 3600, time // 60 % 60, time % 60
    if fields.hour >> hour & 1:
        if fields.minute >> minute & 1 and (seconds := _up_to(fields.second, second)):
            return hour * 3600 + minute * 60 + _highest(seconds)
        if minutes := _up_to(fields.minute, minute - 1):
            return hour * 3600 + _highest(minutes) * 60 + _highest(fields.second)
    hours = _up_to(fields.hour, hour - 1)
    return _highest(hours) * 3600 + _last_time(fields) % 3600 if hours else None


def _first_time(fields: CronFields) -> int:
    return _lowest(fields.hour) * 3600 + _lowest(fields.minute) * 60 + _lowest(fields.second)


def _last_time(fields: CronFields) -> int:
    return _highest(fields.hour) * 3600 + _highest(fields.minute) * 60 + _highest(fields.second)


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _highest(mask: int) -> int:
    return mask.bit_length() - 1


def _up_to(mask: int, highest: int) -> int:
    return mask & ((1 << highest + 1) - 1)
