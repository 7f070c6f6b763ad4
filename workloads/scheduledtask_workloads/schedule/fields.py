"""The fields of a cron expression, as sets of values.

What is accepted, and what it means, is what CronJob's parser makes of it (robfig/cron 3.0.1, `ParseStandard`, as
Kubernetes vendors it), with a field for seconds in front when there are six.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from scheduledtask_workloads.schedule.errors import ExpressionError

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LONGEST_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NUMBER = re.compile(r"\+?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class FieldKind:
    """One place of an expression. `hash_highest` bounds a plain `H`: day 28 is the last that every month has."""

    name: str
    lowest: int
    highest: int
    hash_highest: int
    names: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def bounds(self) -> str:
        names = f" or {next(iter(self.names))}-{list(self.names)[-1]}" if self.names else ""
        return f"{self.lowest} to {self.highest}{names}"


KINDS = (
    FieldKind("second", 0, 59, 59),
    FieldKind("minute", 0, 59, 59),
    FieldKind("hour", 0, 23, 23),
    FieldKind("day of month", 1, 31, 28),
    FieldKind("month", 1, 12, 12, MappingProxyType({name: number for number, name in enumerate(_MONTHS, 1)})),
    FieldKind("day of week", 0, 6, 6, MappingProxyType({name: number for number, name in enumerate(_WEEKDAYS)})),
)


@dataclass(frozen=True, slots=True)
class CronFields:
    """Bit n of a field is set when the value n matches; Sunday is 0."""

    second: int
    minute: int
    hour: int
    day_of_month: int
    month: int
    day_of_week: int
    either_day: bool
    """Both day fields are restricted: either is enough."""
    every_real_hour: bool
    """The hours are `*` or `*/n`: wall labels are matched as the clock shows them, whatever the DST policy."""


def parse_fields(texts: Sequence[str]) -> CronFields:
    """Six texts, seconds first, without H. Raises ExpressionError."""
    parsed = [_parse_field(text, kind) for text, kind in zip(texts, KINDS, strict=True)]
    (second, _), (minute, _), (hour, _), (day_of_month, any_day), (month, _), (day_of_week, any_weekday) = parsed
    fields = CronFields(
        second,
        minute,
        hour,
        day_of_month,
        month,
        day_of_week,
        either_day=not any_day and not any_weekday,
        every_real_hour=all(item[0] in "*?" for item in _items(texts[2])),
    )
    _refuse_impossible(fields)
    return fields


def _items(text: str) -> list[str]:
    return [item for item in text.split(",") if item]


def _parse_field(text: str, kind: FieldKind) -> tuple[int, bool]:
    """The set of values, and whether a bare star is among the items."""
    items = _items(text)
    if not items:
        raise ExpressionError(f"{kind.name} {text!r} is empty: write * or {kind.bounds}")
    mask, starred = 0, False
    for item in items:
        values, star = _parse_item(item, kind)
        starred = starred or star
        for value in values:
            mask |= 1 << value
    return mask, starred


def _parse_item(item: str, kind: FieldKind) -> tuple[range, bool]:
    """`*`, `?`, a value, `low-high`, each with an optional `/step`. A step over 1 makes a star a restriction."""
    base, slash, step_text = item.partition("/")
    step = _step(step_text, item, kind) if slash else 1
    low_text, dash, high_text = base.partition("-")
    if low_text in ("*", "?"):
        return range(kind.lowest, kind.highest + 1, step), step == 1
    low = value_of(low_text, item, kind)
    open_end = kind.highest if slash else low
    high = value_of(high_text, item, kind) if dash else open_end
    if low > high:
        raise ExpressionError(
            f"{kind.name} {item!r} runs backwards: {low} is above {high}; write {low_text}-{kind.highest},"
            f"{kind.lowest}-{high_text} or put the lower value first"
        )
    return range(low, high + 1, step), False


def value_of(text: str, item: str, kind: FieldKind) -> int:
    """The number that `text` stands for, a name or digits. Raises ExpressionError outside of the field's bounds."""
    if text in kind.names:
        return kind.names[text]
    if not _NUMBER.fullmatch(text):
        raise ExpressionError(f"{kind.name} {item!r} can't be read: must be {kind.bounds}")
    value = int(text)
    if not kind.lowest <= value <= kind.highest:
        sunday = "; Sunday is 0 or SUN" if kind.name == "day of week" and value == 7 else ""
        raise ExpressionError(f"{kind.name} {item!r} is out of bounds: must be {kind.bounds}{sunday}")
    return value


def _step(text: str, item: str, kind: FieldKind) -> int:
    if not _NUMBER.fullmatch(text) or int(text) == 0:
        raise ExpressionError(f"{kind.name} {item!r} has the step {text!r}: must be a whole number from 1")
    return int(text)


def _refuse_impossible(fields: CronFields) -> None:
    """A day of the month that no month of the expression has, with no weekday to make up for it."""
    if fields.either_day:
        return
    for month, days in enumerate(_LONGEST_MONTH_DAYS, 1):
        if fields.month >> month & 1 and fields.day_of_month & ((2 << days) - 1):
            return
    days_named = ", ".join(str(day) for day in range(1, 32) if fields.day_of_month >> day & 1)
    months_named = ", ".join(name for number, name in enumerate(_MONTHS, 1) if fields.month >> number & 1)
    raise ExpressionError(f"day of month {days_named} never comes in {months_named}: choose an earlier day")
