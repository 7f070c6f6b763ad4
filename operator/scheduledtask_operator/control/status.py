"""What is known of one ScheduledTask: its class and why, when it is next due, its runs, whether it is in order."""

from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_operator.decisions.classification import Classification
from scheduledtask_operator.decisions.sizing import WorkerSize
from scheduledtask_workloads.contract import Job, RunRecord, TaskKey

BAD_MANIFEST = "BadManifest"  # the condition's reason while a newer version than the one in force can't be used


@dataclass(frozen=True, slots=True)
class Condition:
    """The Ready condition; `ready` is None while it is not known. `reason` is a program's word."""

    ready: bool | None
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class TaskRuns:
    """The runs that have not ended, oldest first, and those that have, newest first."""

    active: tuple[RunRecord, ...] = ()
    history: tuple[RunRecord, ...] = ()

    @property
    def last(self) -> RunRecord | None:
        return self.history[0] if self.history else None


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """A heavy task's workers. `reason` says why there are to be `desired` of them, `problem` why they do not come.

    `backlog` is None while it is unknown.
    """

    pool: str
    desired: int
    ready: int
    backlog: int | None
    reason: str
    problem: str = ""
    size: WorkerSize | None = None
    conflict: str = ""  # what this task asks of a pool that it shares, and does not get


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
