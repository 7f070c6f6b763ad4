"""What is known of one ScheduledTask: its class and why, when it is next due, its runs, whether it is in order."""

from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_operator.control.recent_runs import NONE_RECENT, RecentRuns
from scheduledtask_operator.decisions.classification import Classification
from scheduledtask_operator.decisions.scaling import ScaleCause
from scheduledtask_operator.decisions.sizing import WorkerSize
from scheduledtask_workloads.contract import Job, Reason, RunRecord, RunState, TaskKey, seconds_between


@dataclass(frozen=True, slots=True)
class Condition:
    """The Ready condition; `ready` is None while it is not known."""

    ready: bool | None
    reason: ConditionReason
    message: str = ""


@dataclass(frozen=True, slots=True)
class EndedRun:
    """What a status says of a run that ended; a tenth of its record. Times are Unix seconds."""

    run_id: str
    state: RunState
    reason: Reason
    message: str
    slot_epoch_seconds: int | None
    attempts: int
    started_at: float | None
    ended_at: float | None
    peak_memory_bytes: int | None
    host: str

    @property
    def start_delay_seconds(self) -> float | None:
        """Slot to first line of the body, of the latest attempt."""
        return seconds_between(self.slot_epoch_seconds, self.started_at)

    @property
    def duration_seconds(self) -> float | None:
        return seconds_between(self.started_at, self.ended_at)


@dataclass(frozen=True, slots=True)
class TaskRuns:
    """The runs that have not ended, oldest first, and those that have, newest first, as the history limits ask for.

    `told` once the scheduler has said which there are: before, that there is none means nothing. `recent` are more of
    those that ended.
    """

    active: tuple[RunRecord, ...] = ()
    history: tuple[EndedRun, ...] = ()
    told: bool = False
    recent: RecentRuns = NONE_RECENT

    @property
    def last(self) -> EndedRun | None:
        return self.history[0] if self.history else None


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """A heavy task's workers. `reason` says why there are to be `desired` of them, `problem` why they do not come.

    `backlog` is None while it is unknown, `startup_seconds` until a worker was seen to start. `held_by`: what keeps
    workers that are too many, if anything does.
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
    held_by: ScaleCause | None = None


@dataclass(frozen=True, slots=True)
class HistoryLimits:
    """How many of the runs that ended are shown."""

    successful: int = 3
    failed: int = 3

    def at_least_one(self) -> "HistoryLimits":
        """Of each kind: what a status says depends on the last ones, shown or not."""
        return HistoryLimits(max(1, self.successful), max(1, self.failed))


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
    freshness_seconds: int | None = None
    redis_problem: str = ""  # of the whole installation, as is the next
    redis_is_down: bool | None = False  # None: not known yet
