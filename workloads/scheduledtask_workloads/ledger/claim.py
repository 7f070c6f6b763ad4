"""What is asked of admission, and what it answers. Tuples, since ten thousand are made within a tenth of a second."""

from enum import StrEnum
from typing import NamedTuple

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, Job, Reason, RunOrder, TriggeredBy, slot_run_id


class Claim(NamedTuple):
    """One slot or request that wants to run. Several slots of one job: in ascending order."""

    job: Job
    run_id: str
    slot_epoch_seconds: int | None
    """None: a request."""
    due_at: float
    """Unix seconds: the slot with its jitter, or when the request came; the starting deadline counts from here."""
    told_slot_epoch_seconds: int | None = None
    """Of a request: the slot that its body is told, which decides nothing."""
    triggered_by: TriggeredBy | None = None
    """Of a request that another run's end made."""

    @classmethod
    def of_slot(cls, job: Job, slot_epoch_seconds: int, due_at: float) -> "Claim":
        return cls(job, slot_run_id(job.name, slot_epoch_seconds), slot_epoch_seconds, due_at)

    def order(self, fence: int, attempt: int = 1) -> RunOrder:
        """What a host is asked to do."""
        job = self.job
        return RunOrder(
            ref=AttemptRef(namespace=job.namespace, name=job.name, run_id=self.run_id, attempt=attempt, fence=fence),
            task_class=job.task_class,
            task=job.task,
            arguments=job.arguments,
            slot_epoch_seconds=self.told_slot_epoch_seconds
            if self.slot_epoch_seconds is None
            else self.slot_epoch_seconds,
            timeout_seconds=job.timeout_seconds,
            memory_limit_bytes=job.memory_limit_bytes,
            artifacts_url=job.artifacts_url,
            triggered_by=self.triggered_by,
        )


class Verdict(StrEnum):
    """What admission answers to one claim."""

    ADMITTED = "Admitted"
    SKIPPED = "Skipped"
    ALREADY_DECIDED = "AlreadyDecided"
    FENCED = "Fenced"
    EPOCH_MISSING = "EpochMissing"


class Admission(NamedTuple):
    """The answer to one claim; `reason` says why it was SKIPPED."""

    verdict: Verdict
    reason: Reason | None = None


class RunWithoutRedis(NamedTuple):
    """A light run that was started, and perhaps ended, while Redis did not answer."""

    claim: Claim
    ref: AttemptRef
    host: str
    """The scheduler process that started it."""
    admitted_at: float
    started_at: float | None
    """Of one that still runs; None: its body has not begun."""
    report: AttemptReport | None
    """None: it still runs."""
