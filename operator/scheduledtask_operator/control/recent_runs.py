"""What is remembered of more runs than a status shows: to know them again, and to judge a task by them.

Packed, because ten thousand tasks have a million of them: 100 runs of a task take 3.3 kB.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from math import isnan, nan
from statistics import quantiles
from struct import Struct
from typing import NamedTuple

from scheduledtask_workloads.contract import RunRecord, RunState

RECENT_LIMIT = 100  # above what one task starts in the minute that a restarted scheduler tells again
FAILED_OUTCOMES = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.LOST})
_SUCCEEDED, _FAILED, _SILENT = 1, 2, 0  # a run that was cancelled or skipped says nothing
_UNKNOWN = -1
_IDENTITY = Struct("<q")
_RUN = Struct("<qdBdq")


class _Run(NamedTuple):
    identity: int  # the hash of its id, which is only of this process
    ended_at: float  # Unix seconds
    outcome: int
    duration_seconds: float  # NaN where its body was not seen to begin and end
    peak_memory_bytes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What the bodies of `runs` runs took; `memory_bytes` is 0 while it is unknown."""

    runs: int
    duration_seconds: float  # the 95th percentile
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class RecentRuns:
    """The runs that ended last, in the order of their ends."""

    packed: bytes = b""

    def knows(self, run_id: str) -> bool:
        identity = _IDENTITY.pack(hash(run_id))
        at = self.packed.find(identity)
        while at % _RUN.size and at >= 0:  # found across the fields of another
            at = self.packed.find(identity, at + 1)
        return at >= 0

    def is_before(self, ended_at: float) -> bool:
        """Whether a run that ended then would be older than all that are remembered, and there is no room for it."""
        return len(self.packed) == RECENT_LIMIT * _RUN.size and ended_at < next(self._runs()).ended_at

    def with_run(self, record: RunRecord) -> "RecentRuns":
        """`record` is final and not known."""
        new = _digest(record)
        later = sum(1 for _ in takewhile(lambda run: run.ended_at > new.ended_at, self._newest_first()))
        place = len(self.packed) - later * _RUN.size
        packed = self.packed[:place] + _RUN.pack(*new) + self.packed[place:]
        return RecentRuns(packed[-RECENT_LIMIT * _RUN.size :])

    def failures_in_a_row(self) -> int | None:
        """Since one last succeeded; None while no outcome is known."""
        outcomes = [run.outcome for run in self._newest_first() if run.outcome != _SILENT]
        return sum(1 for _ in takewhile(_FAILED.__eq__, outcomes)) if outcomes else None

    def measured(self) -> Measured | None:
        """None while no body was seen to begin and end."""
        runs = [run for run in self._runs() if not isnan(run.duration_seconds)]
        if not runs:
            return None
        durations = [run.duration_seconds for run in runs]
        p95 = durations[0] if len(durations) == 1 else min(quantiles(durations, n=20)[-1], max(durations))
        return Measured(len(runs), p95, max(0, *(run.peak_memory_bytes for run in runs)))

    def _runs(self) -> Iterator[_Run]:
        return map(_Run._make, _RUN.iter_unpack(self.packed))

    def _newest_first(self) -> Iterator[_Run]:
        return (
            _Run._make(_RUN.unpack_from(self.packed, at)) for at in range(len(self.packed) - _RUN.size, -1, -_RUN.size)
        )


NONE_RECENT = RecentRuns()


def ended_at(record: RunRecord) -> float:
    """Unix seconds; before all others where it is not said."""
    return record.ended_at or 0.0


def _digest(record: RunRecord) -> _Run:
    duration_seconds, memory_bytes = record.duration_seconds, record.peak_memory_bytes
    return _Run(
        hash(record.run_id),
        ended_at(record),
        _SUCCEEDED if record.state is RunState.SUCCEEDED else _FAILED if record.state in FAILED_OUTCOMES else _SILENT,
        nan if duration_seconds is None else max(0.0, duration_seconds),
        _UNKNOWN if memory_bytes is None else memory_bytes,
    )
