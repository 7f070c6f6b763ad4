"""The runs that the scheduler told of, for each task."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from scheduledtask_operator.control.status import TaskRuns
from scheduledtask_workloads.contract import RunRecord, TaskKey
from scheduledtask_workloads.contract.messages import SlotsSkipped

HISTORY_LIMIT = 250  # above the 201 runs that a job can ask to keep; with less, old ones would be news again


class RunBook:
    """Told in any order, it keeps what is newest: a run that ended does not become active again."""

    def __init__(self) -> None:
        self._runs: dict[TaskKey, TaskRuns] = {}
        self._skipped: dict[TaskKey, deque[int]] = {}  # the last slot of each skip
        self._leaving: set[TaskKey] = set()  # forgotten, but for the runs that have not ended

    def of(self, key: TaskKey) -> TaskRuns:
        return self._runs.get(key, TaskRuns())

    def forget(self, key: TaskKey) -> None:
        """The ScheduledTask is gone; its runs that have not ended stay until they do."""
        self._skipped.pop(key, None)
        active = self._runs.pop(key, TaskRuns()).active
        if active:
            self._runs[key] = TaskRuns(active)
            self._leaving.add(key)

    def remember(self, key: TaskKey) -> None:
        """There is a ScheduledTask of that name (again)."""
        self._leaving.discard(key)

    def active(self, namespace: str) -> list[RunRecord]:
        """Every run of a namespace that has not ended, also of ScheduledTasks that are gone."""
        return [run for key, runs in self._runs.items() if key.namespace == namespace for run in runs.active]

    def change(self, record: RunRecord) -> bool:
        """Whether it is news: a scheduler that comes back tells again what it does not know to be told."""
        key = TaskKey(record.namespace, record.name)
        known = self.of(key)
        if record in known.active or _is_past(record, known):
            return False
        if record.state.final:
            self._end(key, known, [record])
        else:
            others = tuple(run for run in known.active if run.run_id != record.run_id)
            self._runs[key] = replace(known, active=tuple(sorted((*others, record), key=_admitted_at)))
        return True

    def skip(self, skipped: SlotsSkipped) -> bool:
        """Whether it is news, as with a run. A slot is decided once, so its last slot tells one skip from another."""
        known = self._skipped.setdefault(TaskKey(skipped.namespace, skipped.name), deque(maxlen=HISTORY_LIMIT))
        if skipped.last_slot_epoch_seconds in known:
            return False
        known.append(skipped.last_slot_epoch_seconds)
        return True

    def load(self, key: TaskKey, records: Iterable[RunRecord]) -> list[RunRecord]:
        """The ledger's final records; those that are news, oldest first."""
        known = self.of(key)
        news = [record for record in records if not _is_past(record, known)]
        self._end(key, replace(known, told=True), news)
        return sorted(news, key=_ended_at)

    def _end(self, key: TaskKey, known: TaskRuns, ended: Iterable[RunRecord]) -> None:
        by_id = {record.run_id: record for record in (*known.history, *map(without_output, ended))}
        newest_first = sorted(by_id.values(), key=_ended_at, reverse=True)
        active = tuple(run for run in known.active if run.run_id not in by_id)
        self._runs[key] = TaskRuns(active, tuple(newest_first[:HISTORY_LIMIT]), known.told)
        if key in self._leaving and not active:
            self._leaving.discard(key)
            del self._runs[key]


def without_output(record: RunRecord) -> RunRecord:
    """What is kept for long: a body's output and result may be megabytes, and the ledger has them."""
    return record.model_copy(update={"output": "", "result": None})


def _is_past(record: RunRecord, known: TaskRuns) -> bool:
    """It ended, and that is known, or so long ago that it is forgotten."""
    if any(past.run_id == record.run_id for past in known.history):
        return True
    full = len(known.history) == HISTORY_LIMIT
    return full and record.state.final and _ended_at(record) < _ended_at(known.history[-1])


def _admitted_at(record: RunRecord) -> float:
    return record.admitted_at or 0.0


def _ended_at(record: RunRecord) -> float:
    return record.ended_at or 0.0
