"""The runs that the scheduler told of, for each task."""

from collections.abc import Iterable

from scheduledtask_operator.control.status import TaskRuns
from scheduledtask_workloads.contract import RunRecord, TaskKey

HISTORY_LIMIT = 20  # above every job's own history_limit by default; the ledger keeps the record


class RunBook:
    """Told in any order, it keeps what is newest: a run that ended does not become active again."""

    def __init__(self) -> None:
        self._runs: dict[TaskKey, TaskRuns] = {}

    def of(self, key: TaskKey) -> TaskRuns:
        return self._runs.get(key, TaskRuns())

    def forget(self, key: TaskKey) -> None:
        self._runs.pop(key, None)

    def change(self, record: RunRecord) -> None:
        key = TaskKey(record.namespace, record.name)
        known = self.of(key)
        if record.state.final:
            self._end(key, known, [record])
        elif all(past.run_id != record.run_id for past in known.history):
            others = tuple(run for run in known.active if run.run_id != record.run_id)
            self._runs[key] = TaskRuns(tuple(sorted((*others, record), key=_admitted_at)), known.history)

    def load(self, key: TaskKey, records: Iterable[RunRecord]) -> None:
        """The ledger's final records."""
        self._end(key, self.of(key), records)

    def _end(self, key: TaskKey, known: TaskRuns, ended: Iterable[RunRecord]) -> None:
        by_id = {record.run_id: record for record in known.history} | {record.run_id: record for record in ended}
        newest_first = sorted(by_id.values(), key=_ended_at, reverse=True)
        active = tuple(run for run in known.active if run.run_id not in by_id)
        self._runs[key] = TaskRuns(active, tuple(newest_first[:HISTORY_LIMIT]))


def _admitted_at(record: RunRecord) -> float:
    return record.admitted_at or 0.0


def _ended_at(record: RunRecord) -> float:
    return record.ended_at or 0.0
