"""What is going on, for whoever looks: the state of each task, and a line for each event."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from scheduledtask_operator.api import ScheduledTaskRun, ScheduledTaskRunStatus
from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status import Condition, TaskStatus
from scheduledtask_operator.decisions.scaling import ScaleDecision
from scheduledtask_operator.decisions.triggers import FollowingRun
from scheduledtask_operator.local import wording
from scheduledtask_operator.local.due_tally import DueTally
from scheduledtask_operator.local.supervisor import ProcessEnded
from scheduledtask_workloads.contract import RunRecord, TaskKey
from scheduledtask_workloads.contract.messages import SchedulerToControl, SlotsSkipped

RECENT_LINES = 200
Say = Callable[[str], None]


@dataclass(slots=True)
class Board:
    """The loop's StatusSink and Observer. `say` gets each event as a line of text.

    `tally` counts from `counting_from`; without it nothing is counted.
    """

    say: Say
    now: Callable[[], datetime]
    tally: DueTally | None = None
    statuses: dict[TaskKey, TaskStatus] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=RECENT_LINES))
    phase: str = ""
    ears: list[Callable[[SchedulerToControl], None]] = field(default_factory=list)
    started_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.started_at = self.now()

    def tell(self, line: str) -> None:
        text = f"{self.now().astimezone():%H:%M:%S} {line}"
        self.recent.append(text)
        self.say(text)

    def enter_phase(self, phase: str) -> None:
        self.phase = phase
        self.tell(phase)

    def show_problems(self, problems: Iterable[str]) -> None:
        """All that stand now; a new one is told, and that one is gone."""
        standing = tuple(problems)
        for problem in standing:
            if problem not in self.problems:
                self.tell(f"error: {problem}")
        for problem in self.problems:
            if problem not in standing:
                self.tell(f"solved: {problem}")
        self.problems = standing

    def standing_problems(self) -> list[str]:
        """What is wrong now, with the manifests and with what they ask for."""
        refused = [
            f"{key}: {status.condition.reason}: {status.condition.message}"
            for key, status in sorted(self.statuses.items())
            if status.condition.ready is False and status.condition.reason != ConditionReason.BAD_MANIFEST
        ]
        return [*self.problems, *refused]

    def write(self, key: TaskKey, status: TaskStatus) -> None:
        if self.tally is not None and status.job is not None:
            self.tally.hold(status.job, self.now())
        before = self.statuses.get(key)
        self.statuses[key] = status
        if before is not None and None not in (before.job, status.job) and before.job != status.job:
            self.tell(wording.changed_line(status))

    def forget(self, key: TaskKey) -> None:
        if self.tally is not None:
            self.tally.release(key, self.now())
        if self.statuses.pop(key, None) is not None:
            self.tell(f"{key} removed")

    def run_changed(self, record: RunRecord) -> None:
        self._count(record)
        line = wording.run_line(record)
        if line:
            self.tell(line)

    def history_read(self, record: RunRecord) -> None:
        if (record.ended_at or 0) >= self.started_at.timestamp():
            self.run_changed(record)
        else:
            self._count(record)

    def slots_skipped(self, skipped: SlotsSkipped) -> None:
        if self.tally is not None:
            self.tally.slots_skipped(skipped, self.started_at)
        self.tell(wording.skipped_line(skipped))

    def pool_scaled(self, pool: PoolKey, before: int, decision: ScaleDecision) -> None:
        self.tell(f"{pool} workers {before} -> {decision.desired}: {decision.reason}")

    def condition_changed(self, key: TaskKey, condition: Condition) -> None:
        if condition.reason == ConditionReason.BAD_MANIFEST:
            return  # its problem is told with its file and line
        status = self.statuses.get(key)
        line = wording.condition_line(key, condition, status.classification if status else None)
        self.tell(line)

    def scheduler_said(self, message: SchedulerToControl) -> None:
        """What is shown comes from the loop; others may listen by `ears`."""
        for hear in self.ears:
            hear(message)

    def trigger_stopped(self, following: FollowingRun) -> None:
        self.tell(wording.stopped_trigger_line(following))

    def request_refused(self, run: ScheduledTaskRun, status: ScheduledTaskRunStatus) -> None:
        self.tell(wording.refused_line(run, status))

    def scheduler_connected(self, connected: bool) -> None:
        self.tell("scheduler connected" if connected else "scheduler gone")

    def process_ended(self, ended: ProcessEnded) -> None:
        self.tell(wording.process_line(ended))

    def _count(self, record: RunRecord) -> None:
        if self.tally is not None:
            self.tally.run_changed(record)
