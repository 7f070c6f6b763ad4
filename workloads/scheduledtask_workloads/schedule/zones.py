"""Time zones, as stretches of UTC in which the offset stays the same."""

import difflib
import zoneinfo
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from scheduledtask_workloads.schedule.errors import ZoneError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHUNK_SECONDS = 366 * 86400  # read on demand: a zone's rule has no end
_PROBE_SECONDS = 86400  # no zone has changed its offset and changed it back within a day
_MEMORY_SECONDS = 2 * 86400  # wall labels repeat over a day at most (a move across the date line)


@dataclass(frozen=True, slots=True)
class Stretch:
    """UTC seconds `start` (included) to `end` (excluded), where the wall shows UTC plus `offset` seconds."""

    start: int
    end: int
    offset: int
    gap_from: int
    """Labels from here to `start + offset` never came: the clock jumped over them at `start`."""
    fresh_from: int
    """Labels of this stretch below this one came before: the clock was put back at `start`."""


def check_zone(name: str) -> str:
    """`name`, when it is an IANA time zone. Raises ZoneError, with the nearest one that is."""
    _load(name)
    return name


def stretch_at(zone_name: str, instant: int) -> Stretch:
    """The stretch that holds a UTC second. Long ones are cut somewhere, without a gap or a repetition at the cut."""
    stretches = _stretches(zone_name, instant // _CHUNK_SECONDS)
    return stretches[bisect_right(stretches, instant, key=lambda stretch: stretch.start) - 1]


@lru_cache(maxsize=4096)
def _stretches(zone_name: str, chunk: int) -> tuple[Stretch, ...]:
    """A chunk's stretches; it looks back a little, to know what the wall has shown."""
    begin, end = chunk * _CHUNK_SECONDS, (chunk + 1) * _CHUNK_SECONDS
    zone = _load(zone_name)
    changes = list(_changes(zone, begin - _MEMORY_SECONDS, end))
    shown = begin - _MEMORY_SECONDS + _offset(zone, begin - _MEMORY_SECONDS)  # the end of the labels shown so far
    stretches = []
    for start, stop in pairwise([begin - _MEMORY_SECONDS, *changes, end]):
        offset = _offset(zone, start)
        if stop > begin:
            first = max(start, begin) + offset
            gap_from = min(shown, first) if start >= begin else first
            stretches.append(Stretch(max(start, begin), stop, offset, gap_from, shown))
        shown = max(shown, stop + offset)
    return tuple(stretches)


def _changes(zone: zoneinfo.ZoneInfo, begin: int, end: int) -> Iterator[int]:
    """The first second of each new offset, in (begin, end)."""
    probes = [*range(begin, end - 1, _PROBE_SECONDS), end - 1]
    for low, high in pairwise(probes):
        position = low
        while _offset(zone, position) != _offset(zone, high):
            position = _first_change(zone, position, high)
            yield position


def _first_change(zone: zoneinfo.ZoneInfo, low: int, high: int) -> int:
    """By bisection: the offset at `low` no longer holds at `high`."""
    before = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _offset(zone: zoneinfo.ZoneInfo, instant: int) -> int:
    shown = (EPOCH + timedelta(seconds=instant)).astimezone(zone).utcoffset() or timedelta()
    return round(shown.total_seconds())


@lru_cache(maxsize=1024)
def _load(name: str) -> zoneinfo.ZoneInfo:
    if name not in _known_zones():
        raise ZoneError(f"time zone {name!r} is not known{_suggestion(name)}")
    return zoneinfo.ZoneInfo(name)


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    """The IANA names; the machine's own `localtime` and the `right/` zones with leap seconds are none."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})


def _suggestion(name: str) -> str:
    """By spelling, then by city alone, whatever the case."""
    folded = {known.casefold(): known for known in sorted(_known_zones())}
    cities = {known.rpartition("/")[2]: full for known, full in folded.items()}
    wanted = name.strip().casefold().replace(" ", "_")
    for names in (folded, cities):
        if close := difflib.get_close_matches(wanted, names, n=1, cutoff=0.75):
            return f": did you mean {names[close[0]]}?"
    return ": write an IANA name such as Europe/Paris or UTC"
