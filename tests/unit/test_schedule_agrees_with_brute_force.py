"""Every minute of a year, each zone and DST policy: what is due is what somebody with a wall clock would say.

The expected slots come from looking at each instant's wall label, and at the labels that the clock jumps over; nothing
of the implementation is used, not even its parser: the generator knows the values of the fields that it writes.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pytest

from scheduledtask_workloads.schedule import (
    DstPolicy,
    Rule,
    count_slots,
    latest_slot,
    next_slot,
    parse_rule,
    slots_between,
)

Instants = npt.NDArray[np.int64]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEARS = [
    ("UTC", 2026),
    ("Europe/Paris", 2026),
    ("America/New_York", 2028),  # a leap year
    ("Australia/Lord_Howe", 2026),  # half an hour of summer time
    ("Africa/Casablanca", 2026),  # back for Ramadan
    ("Asia/Kathmandu", 2026),  # +05:45, no changes
    ("Pacific/Apia", 2011),  # a whole day missing
    ("America/St_Johns", 2010),  # changes at 00:01
    ("Africa/Cairo", 2026),  # midnight missing, and 23:00 doubled
    ("Asia/Beirut", 2026),  # midnight missing
    ("America/Havana", 2026),  # midnight missing, and doubled
    ("Antarctica/Troll", 2026),  # two hours of summer time
    ("Asia/Jerusalem", 2079),  # changes where the implementation cuts its years
]
EXPRESSIONS_A_YEAR = 25  # with 4 policies and 13 years: 1,300 triples
LARGEST_LISTING = 500  # a slot a day is; a longer year is compared in windows


@dataclass(frozen=True)
class Written:
    """An expression and the values that its author had in mind: second, minute, hour, day, month, weekday."""

    text: str
    values: list[set[int]]
    either_day: bool
    every_hour: bool


class Wall:
    """What the wall shows at each instant: `labels[i]` are seconds of wall time at `instants[i]`."""

    def __init__(self, zone_name: str, begin: datetime, end: datetime, step: int) -> None:
        self.step = step
        self.instants = np.arange(int(begin.timestamp()), int(end.timestamp()), step)
        self.labels = self.instants + offsets(ZoneInfo(zone_name), self.instants)
        self.parts = parts(self.labels)
        shown_before = np.maximum.accumulate(self.labels)[:-1]
        self.fresh = np.concatenate(([True], self.labels[1:] > shown_before))

    def changes(self) -> list[int]:
        """Where the clock was moved."""
        return [int(self.instants[i + 1]) for i in np.flatnonzero(np.diff(self.labels) != self.step)]

    def due(self, written: Written) -> dict[DstPolicy, Instants]:
        shown = match(written, self.parts)
        if written.every_hour:
            return dict.fromkeys(DstPolicy, self.instants[shown])
        late = np.zeros_like(shown)
        for i in np.flatnonzero(np.diff(self.labels) > self.step):
            missing = np.arange(self.labels[i] + self.step, self.labels[i + 1], self.step)
            late[i + 1] = match(written, parts(missing)).any()
        return {
            DstPolicy.RUN_ONCE: self.instants[shown & self.fresh | late],
            DstPolicy.SKIP: self.instants[shown & self.fresh],
            DstPolicy.RUN_TWICE: self.instants[shown | late],
            DstPolicy.KUBERNETES: self.instants[shown],
        }


def offsets(zone: ZoneInfo, instants: Instants) -> Instants:
    """In seconds, asked for each instant, but for stretches of an hour that begin and end with the same one."""
    found = np.empty_like(instants)
    hours = instants // 3600
    for start, stop in pairwise([*np.flatnonzero(np.diff(hours, prepend=hours[0] - 1)).tolist(), len(instants)]):
        first, last = offset(zone, int(instants[start])), offset(zone, int(instants[stop - 1]))
        found[start:stop] = first
        if first != last:
            found[start:stop] = [offset(zone, instant) for instant in instants[start:stop].tolist()]
    return found


def offset(zone: ZoneInfo, instant: int) -> int:
    shown = datetime.fromtimestamp(instant, zone).utcoffset()
    assert shown is not None
    return round(shown.total_seconds())


def parts(labels: Instants) -> list[Instants]:
    """Second, minute, hour, day, month, weekday."""
    days = labels.astype("datetime64[s]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    return [
        labels % 60,
        labels // 60 % 60,
        labels // 3600 % 24,
        (days - months).astype(int) + 1,
        months.astype(int) % 12 + 1,
        (days.astype(int) + 4) % 7,  # 1970-01-01 was a Thursday
    ]


def match(written: Written, label_parts: list[Instants]) -> npt.NDArray[np.bool_]:
    second, minute, hour, day, month, weekday = (
        np.isin(np.arange(60), list(values))[part] for part, values in zip(label_parts, written.values, strict=True)
    )
    return second & minute & hour & month & (day | weekday if written.either_day else day & weekday)


class Author:
    """Writes expressions, the same ones for the same seed; often at the hours where clocks change."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def minutes(self) -> Written:
        return self._written(seconds=("", {0}))

    def seconds(self) -> Written:
        return self._written(seconds=self._field(0, 59, star=0.1))

    def _written(self, seconds: tuple[str, set[int]]) -> Written:
        minutes = self._field(0, 59, star=0.1)
        hours = self._hours()
        days = self._field(1, 31, star=0.6)
        months = self._field(1, 12, star=0.8)
        weekdays = self._field(0, 6, star=0.6)
        fields = [seconds, minutes, hours, days, months, weekdays]
        return Written(
            text=" ".join(text for text, _ in fields).strip(),
            values=[values for _, values in fields],
            either_day=days[0] != "*" and weekdays[0] != "*",
            every_hour=hours[0].startswith("*"),
        )

    def _hours(self) -> tuple[str, set[int]]:
        kind = self.random.random()
        if kind < 0.25:
            return self._field(0, 23, star=0.5)
        chosen = set(self.random.sample([0, 1, 2, 3, 23, 12], self.random.randint(1, 3)))
        return ",".join(map(str, sorted(chosen))), chosen

    def _field(self, low: int, high: int, star: float) -> tuple[str, set[int]]:
        if self.random.random() < star:
            return "*", set(range(low, high + 1))
        kind, step = self.random.randrange(5), self.random.choice([2, 3, 5, 7])
        first, second = sorted(self.random.choices(range(low, high + 1), k=2))
        return [
            (f"*/{step}", set(range(low, high + 1, step))),
            (f"{first}", {first}),
            (f"{first}-{second}", set(range(first, second + 1))),
            (f"{first},{second}", {first, second}),
            (f"{first}-{second}/{step}", set(range(first, second + 1, step))),
        ][kind]


def moment(seconds: int) -> datetime:
    return EPOCH + timedelta(seconds=int(seconds))


def possible(written: Written) -> bool:
    """The generator may write 30 February."""
    longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return written.either_day or any(min(written.values[3]) <= longest[month - 1] for month in written.values[4])


def windows(wall: Wall, expected: Instants, chance: random.Random) -> Iterator[tuple[int, int]]:
    """The whole year when it is quickly listed, else days around each change and some others."""
    begin, end = int(wall.instants[0]), int(wall.instants[-1])
    if len(expected) <= LARGEST_LISTING:
        yield begin - 1, end
        return
    for change in [*wall.changes(), chance.randint(begin, end)]:
        yield max(begin - 1, change - 5 * 3600), min(end, change + 5 * 3600)


def assert_agrees(rule: Rule, wall: Wall, expected: Instants, chance: random.Random) -> None:
    for after, until in windows(wall, expected, chance):
        wanted = [moment(slot) for slot in expected[(expected > after) & (expected <= until)]]
        assert list(slots_between(rule, moment(after), moment(until))) == wanted
        assert count_slots(rule, moment(after), moment(until), 7) == min(7, len(wanted))
    near_changes = [change + chance.randint(-7200, 7200) for change in wall.changes()]
    begin, end = int(wall.instants[0]), int(wall.instants[-1])
    for asked in [*near_changes, *(chance.randint(begin, end) for _ in range(8))]:
        assert_same_neighbours(rule, asked, expected, begin)


def assert_same_neighbours(rule: Rule, asked: int, expected: Instants, begin: int) -> None:
    place = int(np.searchsorted(expected, asked, side="right"))
    if place < len(expected):
        assert next_slot(rule, moment(asked)) == moment(expected[place])
    wanted = moment(expected[place - 1]) if place else None
    assert latest_slot(rule, moment(begin - 1), moment(asked)) == wanted


@pytest.mark.parametrize(("zone_name", "year"), YEARS)
def test_a_year_of_minutes_agrees_with_the_wall_clock(zone_name: str, year: int) -> None:
    wall = Wall(zone_name, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC), 60)
    author, chance = Author(zone_name), random.Random(year)
    expressions = [written for written in (author.minutes() for _ in range(60)) if possible(written)]
    for written in expressions[:EXPRESSIONS_A_YEAR]:
        for policy, expected in wall.due(written).items():
            rule = parse_rule(written.text, time_zone=zone_name, dst_policy=policy)
            assert_agrees(rule, wall, expected, chance)


@pytest.mark.parametrize(("zone_name", "year"), YEARS)
def test_the_seconds_around_each_clock_change_agree_with_the_wall_clock(zone_name: str, year: int) -> None:
    changes = Wall(
        zone_name, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC), 1800
    ).changes() or [int(datetime(year, 3, 1, tzinfo=UTC).timestamp())]
    author, chance = Author(f"{zone_name} by seconds"), random.Random(year)
    for change in changes[:2]:
        wall = Wall(zone_name, moment(change - 30 * 3600), moment(change + 6 * 3600), 1)
        for written in [written for written in (author.seconds() for _ in range(12)) if possible(written)][:3]:
            for policy, expected in wall.due(written).items():
                rule = parse_rule(written.text, time_zone=zone_name, dst_policy=policy)
                assert_agrees(rule, wall, expected, chance)
