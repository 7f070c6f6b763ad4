"""What is known of one ScheduledTask: its class and why, when it is next due, its runs, whether it is in order."""

from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_operator.decisions.classification import Classification
from scheduledtask_operator.decisions.sizing import WorkerSize
from scheduledtask_workloads.contract import Job, RunRecord, TaskKey


@dataclass(frozen=True, slots=True)
class Condition:
    """The Ready condition; `ready` is None while it is not known."""

    ready: bool | None
    reason: ConditionReason
    message: str = ""


@dataclass(frozen=True, slots=True)
class TaskRuns:
    """The runs that have not ended, oldest first, and those that have, newest first.

    `told` once the scheduler has said which there are: before, that there is none means nothing.
    """

    active: tuple[RunRecord, ...] = ()
    history: tuple[RunRecord, ...] = ()
    told: bool = False

    @property
    def last(self) -> RunRecord | None:
        return self.history[0] if self.history else None


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """A heavy task's workers. `reason` says why there are to be `desired` of them, `problem` why they do not come.

    `backlog` is None while it is unknown, `startup_seconds` until a worker was seen to start.
    """

    pool: str
    desired: int
    ready: int
    backlog: int | None
    reason: str
    problem: str = ""
    size: WorkerSize | None = None
    conflict: str = ""  # what this task asks of a pool that it shares, and does not get
    startup_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class HistoryLimits:
    """How many of the runs that ended are shown."""

    successful: int = 3
    failed: int = 3


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """`job` is what the scheduler holds: the last good version, None when there never was one.

    `generation` is the one that `condition` speaks of; `seen` since when the schedule counts.
    """

    key: TaskKey
    condition: Condition
    generation: int | None = None
    seen: FirstSeen | None = None
    pool: PoolStatus | None = None
    job: Job | None = None
    classification: Classification | None = None
    next_due: datetime | None = None
    runs: TaskRuns = TaskRuns()
    history_limits: HistoryLimits = HistoryLimits()
