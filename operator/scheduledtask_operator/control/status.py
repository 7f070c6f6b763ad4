"""What is known of one ScheduledTask: its class and why, when it is next due, its runs, whether it is in order."""

from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.decisions.classification import Classification
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
class TaskStatus:
    """`job` is what the scheduler holds: the last good version, None when there never was one."""

    key: TaskKey
    condition: Condition
    job: Job | None = None
    classification: Classification | None = None
    next_due: datetime | None = None
    runs: TaskRuns = TaskRuns()
