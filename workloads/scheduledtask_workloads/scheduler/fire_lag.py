"""How late slots are admitted, by namespace and class.

Where ten thousand of them are, a slot waits for each thing that is done for each; so what is admitted is only put aside
here, and counted when the second is over.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from scheduledtask_workloads.contract import TaskClass
from scheduledtask_workloads.scheduler.plan import Candidate

BOUNDS_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 1.5, 5.0, 15.0, 60.0)  # docs/benchmarks.md's bars


class Lags(NamedTuple):
    """Of one namespace and class: `counts[i]` had at most the i-th bound; `total_seconds` is of all together."""

    namespace: str
    task_class: TaskClass
    counts: tuple[int, ...]
    total_seconds: float


class FireLag:
    """`admitted` as often as there are slices, `count` each second, `lags` from any thread."""

    def __init__(self) -> None:
        self._aside: list[tuple[Sequence[Candidate], float]] = []
        self._counts: dict[tuple[str, TaskClass], list[int]] = {}
        self._totals: dict[tuple[str, TaskClass], float] = {}

    def admitted(self, candidates: Sequence[Candidate], at: float) -> None:
        """A slice was handed to its executor at the Unix time `at`."""
        if candidates:
            self._aside.append((candidates, at))

    def count(self) -> None:
        aside, self._aside = self._aside, []
        for candidates, at in aside:
            alike = Counter(
                (claim.job.namespace, claim.job.task_class, claim.due_at)
                for _, claim in candidates
                if claim.slot_epoch_seconds is not None
            )
            for (namespace, task_class, due_at), number in alike.items():
                self._add((namespace, task_class), max(0.0, at - due_at), number)

    def keep(self, namespaces: Collection[str]) -> None:
        """Those that have jobs; what is known of others goes."""
        for key in [key for key in self._counts if key[0] not in namespaces]:
            del self._counts[key], self._totals[key]

    def lags(self) -> Iterator[Lags]:
        for (namespace, task_class), counts in list(self._counts.items()):
            total = self._totals.get((namespace, task_class), 0.0)
            yield Lags(namespace, task_class, tuple(accumulate(counts)), total)

    def _add(self, key: tuple[str, TaskClass], lag_seconds: float, number: int) -> None:
        counts = self._counts.setdefault(key, [0] * (len(BOUNDS_SECONDS) + 1))
        counts[bisect_left(BOUNDS_SECONDS, lag_seconds)] += number
        self._totals[key] = self._totals.get(key, 0.0) + lag_seconds * number
