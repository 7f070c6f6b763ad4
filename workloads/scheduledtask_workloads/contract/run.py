"""A run on its way: what a host is asked to do, what it reports, and the record that stays."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from scheduledtask_workloads.contract.identity import AttemptRef
from scheduledtask_workloads.contract.job import TaskClass
from scheduledtask_workloads.contract.model import Message
from scheduledtask_workloads.contract.secrets import SecretValue
from scheduledtask_workloads.contract.triggered_by import TriggeredBy


class RunState(StrEnum):
    """admitted → dispatched → started → a final one; `Waiting` is the pause between two attempts."""

    ADMITTED = "Admitted"
    DISPATCHED = "Dispatched"
    STARTED = "Started"
    WAITING = "Waiting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    CANCELLED = "Cancelled"
    LOST = "Lost"
    SKIPPED = "Skipped"

    @property
    def final(self) -> bool:
        return self in _FINAL


_FINAL = frozenset(
    {
        RunState.SUCCEEDED,
        RunState.FAILED,
        RunState.TIMED_OUT,
        RunState.CANCELLED,
        RunState.LOST,
        RunState.SKIPPED,
    }
)


class Reason(StrEnum):
    """Why a run ended as it did, or a slot was skipped. A program's word; the message beside it is a person's.

    A word that a newer part wrote is read as it stands: it is in records that outlive a rollback.
    """

    COMPLETED = "Completed"
    RAISED = "Raised"  # the body raised
    EXITED = "Exited"  # the body called sys.exit or os._exit
    BAD_ARGUMENTS = "BadArguments"
    UNKNOWN_TASK = "UnknownTask"
    BAD_RESULT = "BadResult"  # the result is not JSON, or too large
    TIME_LIMIT = "TimeLimitExceeded"
    MEMORY_LIMIT = "MemoryLimitExceeded"
    KILLED = "Killed"  # the body's process died of a signal that was not ours
    HOST_LOST = "HostLost"  # the lease lapsed
    INTERRUPTED = "Interrupted"  # our own restart
    CANCELLED = "Cancelled"
    OVERLAP = "Overlap"
    DEADLINE = "StartingDeadlineExceeded"
    COALESCED = "Coalesced"  # a later slot was caught up in its place
    NOT_CAUGHT_UP = "NotCaughtUp"  # catchUp: Skip
    RECORD_GONE = "RecordGone"  # a request that was decided before, too long ago to say how

    @classmethod
    def _missing_(cls, value: object) -> "Reason | None":
        if not isinstance(value, str):
            return None
        word = str.__new__(cls, value)
        word._name_, word._value_ = value, value
        return word


def seconds_between(earlier: float | None, later: float | None) -> float | None:
    """From one instant to the next, both Unix seconds; None where either is not known."""
    return None if earlier is None or later is None else later - earlier


class RunOrder(Message):
    """Everything that a host needs to run one attempt."""

    ref: AttemptRef
    task_class: TaskClass
    task: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    slot_epoch_seconds: int | None = None  # None: asked for, not scheduled
    timeout_seconds: float = 300.0
    memory_limit_bytes: int | None = None
    artifacts_url: str = ""
    triggered_by: TriggeredBy | None = None
    secrets: tuple[SecretValue, ...] = ()  # light alone, from the scheduler on; nothing that stays has them


class AttemptReport(Message):
    """How one attempt ended, from its host. Times are Unix seconds."""

    ref: AttemptRef
    state: RunState  # Succeeded, Failed, TimedOut, Cancelled or Lost
    reason: Reason = Reason.COMPLETED
    message: str = ""
    result: Any = None
    output: str = ""  # the end of what the body printed
    output_dropped_bytes: int = 0
    started_at: float | None = None  # first line of the body
    ended_at: float = 0.0
    peak_memory_bytes: int | None = None
    host: str = ""


class RunRecord(Message):
    """A run as the ledger keeps it; the fields of its latest attempt, and counts over all of them."""

    namespace: str
    name: str
    run_id: str
    task_class: TaskClass
    state: RunState
    slot_epoch_seconds: int | None = None
    attempts: int = 0
    failures: int = 0
    losses: int = 0
    trigger_depth: int = 0  # triggers that led here; 0 of a slot's and of a person's
    reason: Reason = Reason.COMPLETED
    message: str = ""
    result: Any = None
    output: str = ""
    admitted_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    retry_at: float | None = None  # in Waiting
    peak_memory_bytes: int | None = None
    host: str = ""

    @property
    def start_delay_seconds(self) -> float | None:
        """Slot to first line of the body, of the latest attempt."""
        return seconds_between(self.slot_epoch_seconds, self.started_at)

    @property
    def duration_seconds(self) -> float | None:
        return seconds_between(self.started_at, self.ended_at)
