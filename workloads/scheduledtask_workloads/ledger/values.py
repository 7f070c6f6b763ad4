"""What the leader reads back from the ledger."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from scheduledtask_workloads.contract import AttemptRef, RunOrder, RunRecord
from scheduledtask_workloads.contract.messages import SlotsSkipped


class Epoch(NamedTuple):
    """The server as it is, and as the leader last stamped it."""

    server_run_id: str
    stamped: str | None

    @property
    def matches(self) -> bool:
        return self.server_run_id == self.stamped


class CancelOutcome(StrEnum):
    """What a cancellation did."""

    ENDED = "Ended"
    """The run was queued or waiting, and is final now."""
    FLAGGED = "Flagged"
    """It runs: its host learns of it with its next renewal."""
    UNKNOWN = "Unknown"
    """No open run has that id."""


@dataclass(frozen=True, slots=True)
class DueRun:
    """A run that the leader must look at: its pause is over, its lease has lapsed, or nobody entered it for long."""

    namespace: str
    name: str
    run_id: str
    attempt: int
    pool: str | None
    """Where its message may still be, in the queue or with a worker; None when that does not matter."""

    @property
    def attempt_id(self) -> str:
        return f"{self.run_id}.{self.attempt}"


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """An attempt that the sweep admitted and that has to be sent: a heavy one to `pool`, a light one has `pool` ''."""

    order: RunOrder
    pool: str


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that has not ended; `ref` is its current attempt."""

    ref: AttemptRef
    record: RunRecord
    pool: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One change, in the order in which it happened. `entry_id` is where the next reading of the feed starts."""

    namespace: str
    entry_id: str
    change: RunRecord | SlotsSkipped
