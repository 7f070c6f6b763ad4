"""What the operator tells Prometheus; docs/metrics.md is the contract.

What a task has is read from its status when somebody asks, so nothing of it stays when it is gone. Only the leader
tells of tasks, pools and runs.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain

from prometheus_client import CollectorRegistry, disable_created_metrics
from prometheus_client.exposition import generate_latest

from scheduledtask_operator.cluster.observed_status import ObservedStatus
from scheduledtask_operator.cluster.pool_series import PoolSeries
from scheduledtask_operator.cluster.program_series import Figures, ProgramSeries
from scheduledtask_operator.cluster.run_series import RunSeries
from scheduledtask_operator.cluster.scrape_timing import wait_seconds
from scheduledtask_operator.cluster.task_series import (
    TaskEntry,
    known_success,
    task_labels,
    task_parts,
    written_success,
)
from scheduledtask_operator.cluster.task_tally import TaskTally
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status import Condition, TaskStatus
from scheduledtask_operator.decisions.scaling import ScaleDecision
from scheduledtask_workloads.contract import RunRecord, TaskKey
from scheduledtask_workloads.contract.messages import PoolDepth, SchedulerToControl, SlotsSkipped

__all__ = ["Figures", "Metrics"]


class Metrics:
    """A StatusSink and an Observer of the loop, which counts and remembers. `program` is what any replica tells.

    `now`: the present, in UTC. `observed`: an object's status as the watch last saw it. `version`: of the program.
    """

    def __init__(
        self, now: Callable[[], datetime], observed: Callable[[TaskKey], ObservedStatus | None], version: str
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of no use
        self._now = now
        self._observed = observed
        self._led_since: float | None = None
        self._leads: Callable[[], bool] = lambda: False
        self._statuses: dict[TaskKey, TaskStatus] = {}
        self._tallies: dict[TaskKey, TaskTally] = {}
        self._own, self._led = CollectorRegistry(), CollectorRegistry()
        self.program = ProgramSeries(self._own, version)
        self._runs = RunSeries(self._led)
        self._pools = PoolSeries(self._statuses)

    def show(self, figures: Figures) -> None:
        """Once: also what is read at each scrape."""
        self._leads = figures.leads
        self.program.show(figures)

    def wait_seconds(self) -> float:
        """How long a scrape should wait before its first part."""
        if not self._leads():
            return 0.0
        due = (status.next_due.timestamp() for status in self._statuses.values() if status.next_due)
        return wait_seconds(due, len(self._statuses), self._now().timestamp())

    def parts(self) -> Iterator[bytes]:
        """The text of a scrape, to be sent part by part: other work may have its turn between two of them."""
        yield generate_latest(self._own)
        if self._leads():
            yield generate_latest(self._led)
            entries = [self._entry(key, status) for key, status in self._statuses.items()]
            for part in chain(self._pools.parts(), task_parts(entries)):
                yield part.encode()

    # --- the leadership

    def leader_changed(self, leads: bool, now: datetime) -> None:
        """What was counted before is another leader's."""
        self._led_since = now.timestamp() if leads else None
        self._runs.begin()
        self._pools.begin()
        for tally in self._tallies.values():
            tally.outcomes.clear()

    # --- as a StatusSink

    def write(self, key: TaskKey, status: TaskStatus) -> None:
        before = self._statuses.get(key)
        self._statuses[key] = status
        tally = self._tallies.setdefault(key, TaskTally())
        self._runs.task_changed(key, before, status)
        if before is not None:
            tally.slot_came(before, status, self._now().timestamp())
        if status.pool is not None and self._led_since is not None:
            self._pools.told(key.namespace, status.pool)

    def forget(self, key: TaskKey) -> None:
        self._tallies.pop(key, None)
        self._runs.task_changed(key, self._statuses.pop(key, None), None)

    # --- as an Observer

    def run_changed(self, record: RunRecord) -> None:
        """Each run once in all replicas: a new leader is told again of what ended before it led."""
        key = TaskKey(record.namespace, record.name)
        status = self._statuses.get(key)
        if status is None:
            return  # of a task that is gone
        tally = self._tallies[key]
        tally.run_told(record, status)
        if self._led_since is None:
            return
        self._pools.run_began(record, status)
        if record.state.final and (record.ended_at or 0.0) >= self._led_since:
            self._runs.ended(record, status)
            tally.outcomes[record.state] = tally.outcomes.get(record.state, 0) + 1

    def history_read(self, record: RunRecord) -> None:
        self.run_changed(record)

    def slots_skipped(self, skipped: SlotsSkipped) -> None:
        key = TaskKey(skipped.namespace, skipped.name)
        status = self._statuses.get(key)
        if status is None:
            return
        now = self._now().timestamp()
        self._tallies[key].missed(str(skipped.reason), skipped.last_slot_epoch_seconds, status, now)
        if self._led_since is not None:
            self._runs.missed(skipped.namespace, str(skipped.reason), skipped.count)

    def pool_scaled(self, pool: PoolKey, before: int, decision: ScaleDecision) -> None:
        self._pools.scaled(pool, before, decision)

    def condition_changed(self, key: TaskKey, condition: Condition) -> None:
        """Nothing: the status has it."""

    def scheduler_connected(self, connected: bool) -> None:
        """A replica whose scheduler is away can't lead, and where all are, no status says so."""
        self.program.scheduler_connected(connected)
        if not connected:
            self._pools.forget_depths()

    def scheduler_said(self, message: SchedulerToControl) -> None:
        """Of most the loop tells what came of it."""
        if isinstance(message, PoolDepth):
            self._pools.depth_told(message)

    # --- inside

    def _entry(self, key: TaskKey, status: TaskStatus) -> TaskEntry:
        succeeded_at = None if known_success(status) else self._written_success(key)
        return TaskEntry(task_labels(key), status, self._tallies[key], succeeded_at)

    def _written_success(self, key: TaskKey) -> float | None:
        """The object's own status remembers longer than the ledger does."""
        observed = self._observed(key)
        text = written_success(observed.packed) if observed else None
        try:
            return datetime.fromisoformat(text.decode()).timestamp() if text else None
        except ValueError:
            return None
