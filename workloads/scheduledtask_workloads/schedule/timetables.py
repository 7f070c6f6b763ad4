"""When something is due, in UTC seconds: once, at a fixed interval, or as a wall clock says."""

from dataclasses import dataclass
from typing import Protocol

from scheduledtask_workloads.schedule.fields import CronFields
from scheduledtask_workloads.schedule.labels import DAY_SECONDS, FIRST_YEAR, LAST_YEAR, next_label, previous_label
from scheduledtask_workloads.schedule.zones import Stretch, stretch_at

EARLIEST = (FIRST_YEAR + 1 - 1970) * 365 * DAY_SECONDS  # some days into FIRST_YEAR: labels before it have a place
LATEST = (LAST_YEAR - 1970) * 365 * DAY_SECONDS
_REACH_SECONDS = 4 * DAY_SECONDS  # more than any two offsets differ, and any labels repeat


class Timetable(Protocol):
    """The slots of a rule, as Unix seconds."""

    def next(self, after: int) -> int | None:
        """The first slot after `after`; None when there is none."""
        ...

    def latest(self, after: int, until: int) -> int | None:
        """The last slot in (after, until], found from its end."""
        ...


@dataclass(frozen=True, slots=True)
class Once:
    instant: int

    def next(self, after: int) -> int | None:
        return self.instant if self.instant > after else None

    def latest(self, after: int, until: int) -> int | None:
        return self.instant if after < self.instant <= until else None


@dataclass(frozen=True, slots=True)
class Every:
    """Each `period_seconds`, counted from `anchor`, in both directions."""

    period_seconds: int
    anchor: int

    def next(self, after: int) -> int | None:
        found = after + self.period_seconds - (after - self.anchor) % self.period_seconds
        return found if found < LATEST else None

    def latest(self, after: int, until: int) -> int | None:
        found = until - (until - self.anchor) % self.period_seconds
        return found if found > after else None


@dataclass(frozen=True, slots=True)
class WallClock:
    """A cron expression on the wall clock of a zone.

    `after_gap`: labels that the clock jumps over are due at the first instant after the gap.
    `twice`: labels that the clock shows twice are due both times. Hours `*` or `*/n` need neither: (False, True).
    """

    fields: CronFields
    zone_name: str
    after_gap: bool
    twice: bool

    def next(self, after: int) -> int | None:
        instant = max(after + 1, EARLIEST)
        while instant < LATEST:
            stretch = stretch_at(self.zone_name, instant)
            if instant == stretch.start and self._due_at_start(stretch):
                return instant
            label = next_label(self.fields, self._first_label(stretch, instant))
            if label is None:
                return None
            if label < stretch.end + stretch.offset:
                return label - stretch.offset
            instant = self._skip_forward(stretch, instant, label)
        return None

    def latest(self, after: int, until: int) -> int | None:
        instant = min(until, LATEST)
        while instant > max(after, EARLIEST):
            stretch = stretch_at(self.zone_name, instant)
            label = previous_label(self.fields, instant + stretch.offset)
            if label is None:
                return None
            if label >= self._first_label(stretch, stretch.start):
                return label - stretch.offset if label - stretch.offset > after else None
            if self._due_at_start(stretch):
                return stretch.start if stretch.start > after else None
            instant = self._skip_back(stretch, instant, label)
        return None

    def _first_label(self, stretch: Stretch, instant: int) -> int:
        shown = instant + stretch.offset
        return shown if self.twice else max(shown, stretch.fresh_from)

    def _due_at_start(self, stretch: Stretch) -> bool:
        """A gap ends at the stretch's start, and something was due in it."""
        if not self.after_gap or stretch.gap_from >= stretch.start + stretch.offset:
            return False
        label = next_label(self.fields, stretch.gap_from)
        return label is not None and label < stretch.start + stretch.offset

    @staticmethod
    def _skip_forward(stretch: Stretch, instant: int, label: int) -> int:
        """To the next stretch; near to `label` at once, where no clock put back can show an earlier one again."""
        if stretch.end - instant < _REACH_SECONDS:
            return stretch.end
        return max(stretch.end, label - stretch.offset - _REACH_SECONDS)

    @staticmethod
    def _skip_back(stretch: Stretch, instant: int, label: int) -> int:
        if instant - stretch.start < _REACH_SECONDS:
            return stretch.start - 1
        return min(stretch.start - 1, label - stretch.offset + _REACH_SECONDS)
