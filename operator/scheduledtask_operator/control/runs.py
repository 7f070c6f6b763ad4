"""The runs that the scheduler told of, for each task."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace

from scheduledtask_operator.control.recent_runs import ended_at
from scheduledtask_operator.control.status import EndedRun, HistoryLimits, TaskRuns
from scheduledtask_operator.control.status_runs import ended_run, within
from scheduledtask_workloads.contract import RunRecord, RunState, TaskKey
from scheduledtask_workloads.contract.messages import SlotsSkipped

SKIPS_LIMIT = 100  # remembered, to know them when they are told again
_NO_LIMITS_YET = HistoryLimits()


class RunBook:
    """Told in any order, it keeps what is newest: a run that ended does not become active again.

    Of the runs that ended it keeps what a status shows, and of some more how they ended.
    """

    def __init__(self) -> None:
        self._runs: dict[TaskKey, TaskRuns] = {}
        self._limits: dict[TaskKey, HistoryLimits] = {}
        self._skipped: dict[TaskKey, array[int]] = {}  # the last slot of each skip
        self._leaving: set[TaskKey] = set()  # forgotten, but for the runs that have not ended

    def of(self, key: TaskKey) -> TaskRuns:
        return self._runs.get(key, TaskRuns())

    def forget(self, key: TaskKey) -> None:
        """The ScheduledTask is gone; its runs that have not ended stay until they do."""
        self._skipped.pop(key, None)
        self._limits.pop(key, None)
        active = self._runs.pop(key, TaskRuns()).active
        if active:
            self._runs[key] = TaskRuns(active)
            self._leaving.add(key)

    def remember(self, key: TaskKey, limits: HistoryLimits) -> None:
        """There is a ScheduledTask of that name (again), whose status shows so many runs that ended."""
        self._leaving.discard(key)
        if self._limits.get(key) == limits:
            return
        self._limits[key] = limits
        if key in self._runs:
            known = self._runs[key]
            self._runs[key] = replace(known, history=self._within_limits(key, known.history))

    def active(self, namespace: str) -> list[RunRecord]:
        """Every run of a namespace that has not ended, also of ScheduledTasks that are gone."""
        return [run for key, runs in self._runs.items() if key.namespace == namespace for run in runs.active]

    def change(self, record: RunRecord) -> bool:
        """Whether it is news: a scheduler that comes back tells again what it does not know to be told."""
        key, record = TaskKey(record.namespace, record.name), without_output(record)
        known = self.of(key)
        if record.state.final:
            return bool(self._end(key, known, [record]))
        if record in known.active or known.recent.knows(record.run_id):
            return False
        others = (run for run in known.active if run.run_id != record.run_id)
        self._runs[key] = replace(known, active=tuple(sorted((*others, record), key=_admitted_at)))
        return True

    def skip(self, skipped: SlotsSkipped) -> bool:
        """Whether it is news, as with a run. A slot is decided once, so its last slot tells one skip from another."""
        known = self._skipped.setdefault(TaskKey(skipped.namespace, skipped.name), array("q"))
        if skipped.last_slot_epoch_seconds in known:
            return False
        known.append(skipped.last_slot_epoch_seconds)
        del known[:-SKIPS_LIMIT]
        return True

    def load(self, key: TaskKey, records: Iterable[RunRecord]) -> list[RunRecord]:
        """The ledger's final records; those that are news, oldest first."""
        return self._end(key, replace(self.of(key), told=True), sorted(records, key=ended_at))

    def _end(self, key: TaskKey, known: TaskRuns, ended: Sequence[RunRecord]) -> list[RunRecord]:
        """Those of `ended` that are news, which what fell out of the history is not."""
        recent, news = known.recent, []
        for record in ended:
            if not recent.knows(record.run_id) and not recent.is_before(ended_at(record)):
                recent = recent.with_run(record)
                news.append(record)
        over = {record.run_id for record in ended}
        active = tuple(run for run in known.active if run.run_id not in over)
        self._runs[key] = TaskRuns(active, self._history(key, known, ended), known.told, recent)
        if key in self._leaving and not active:
            self._leaving.discard(key)
            del self._runs[key]
        return news

    def _history(self, key: TaskKey, known: TaskRuns, ended: Iterable[RunRecord]) -> tuple[EndedRun, ...]:
        by_id = {run.run_id: run for run in (*known.history, *map(ended_run, ended))}
        newest_first = sorted(by_id.values(), key=lambda run: run.ended_at or 0.0, reverse=True)
        return self._within_limits(key, newest_first)

    def _within_limits(self, key: TaskKey, newest_first: Iterable[EndedRun]) -> tuple[EndedRun, ...]:
        limits = self._limits.get(key, _NO_LIMITS_YET).at_least_one()
        return tuple(within(limits, newest_first, lambda run: run.state is RunState.SUCCEEDED))


def without_output(record: RunRecord) -> RunRecord:
    """What is kept for long: a body's output and result may be megabytes, and the ledger has them."""
    return record.model_copy(update={"output": "", "result": None})


def _admitted_at(record: RunRecord) -> float:
    return record.admitted_at or 0.0
