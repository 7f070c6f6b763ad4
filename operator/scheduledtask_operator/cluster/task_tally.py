"""What is remembered of a task beside its status, to be told of at a scrape: slots, misses, how its runs ended."""

from dataclasses import dataclass, field

from scheduledtask_operator.control.recent_runs import FAILED_OUTCOMES
from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_workloads.contract import RunRecord, RunState

_NOT_BEGUN = frozenset({RunState.ADMITTED, RunState.DISPATCHED})


@dataclass(slots=True)
class TaskTally:
    """Times are Unix seconds. `outcomes` counts since this replica leads."""

    outcomes: dict[RunState, int] = field(default_factory=dict)
    failures_in_a_row: int = 0
    missed_at: dict[str, float] = field(default_factory=dict)
    """By reason."""
    decided_slot: float = 0.0
    """The latest slot of which a run has begun, or a skip was recorded."""
    first_due: float | None = None
    last_due: float | None = None
    """The slots that came due and are not decided, as far as is known."""

    def slot_came(self, before: TaskStatus, after: TaskStatus, now: float) -> None:
        """Whether one did is seen by the coming slot's being another one, once it is past."""
        if after.job is None or after.job.schedule is None or after.job.suspended:
            self.first_due = self.last_due = None
            return
        due = before.next_due.timestamp() if before.next_due else None
        if due is not None and due <= now and after.next_due != before.next_due:
            self.last_due = due
            self.first_due = due if self.first_due is None else self.first_due
            self._settle(jitter_seconds(after))

    def run_told(self, record: RunRecord, status: TaskStatus) -> None:
        """Began, waits for its next attempt, or ended."""
        if record.slot_epoch_seconds is not None and record.state not in _NOT_BEGUN:
            self.decided(record.slot_epoch_seconds, jitter_seconds(status))
        if record.state is RunState.SUCCEEDED:
            self.failures_in_a_row = 0
        elif record.state in FAILED_OUTCOMES:
            self.failures_in_a_row += 1

    def missed(self, reason: str, slot: float, status: TaskStatus, now: float) -> None:
        self.missed_at[reason] = now
        self.decided(slot, jitter_seconds(status))

    def decided(self, slot: float, jitter: int) -> None:
        self.decided_slot = max(self.decided_slot, slot)
        self._settle(jitter)

    def _settle(self, jitter: int) -> None:
        """A due time is its slot's, and up to `jitter` seconds more."""
        if self.last_due is not None and self.decided_slot >= self.last_due - jitter:
            self.first_due = self.last_due = None
        elif self.first_due is not None and self.decided_slot >= self.first_due - jitter:
            self.first_due = self.last_due


def jitter_seconds(status: TaskStatus) -> int:
    return status.job.schedule.jitter_seconds if status.job and status.job.schedule else 0
