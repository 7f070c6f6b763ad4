"""What may be wrong with a schedule.

ScheduleError (a ValueError)
├── ExpressionError   the expression: its message names the field, the value, the bound and the fix
├── ZoneError         the time zone, with the nearest known name
└── PolicyError       the DST policy
"""


class ScheduleError(ValueError):
    """A schedule, or an argument beside it, that can't be used."""


class ExpressionError(ScheduleError):
    """No schedule can be read from the expression."""


class ZoneError(ScheduleError):
    """The time zone is not in the IANA database."""


class PolicyError(ScheduleError):
    """There is no such DST policy."""
