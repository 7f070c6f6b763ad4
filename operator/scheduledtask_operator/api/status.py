"""What the operator reports of a ScheduledTask. Read loosely: a manifest may carry the status of another version."""

from datetime import datetime

from pydantic import Field

from scheduledtask_operator.api.wire import LooseWireModel
from scheduledtask_workloads.contract import TaskClass


class ClassReason(LooseWireModel):
    """One criterion of the class."""

    name: str = Field(description="The criterion, such as runtime.")
    found: str = Field(description="The value it was judged by, and where that came from.")
    limit: str = Field(description="What light needs.")
    holds: bool = Field(description="Whether light is possible by this criterion.")


class ActiveRun(LooseWireModel):
    """A run that has not ended."""

    run: str = Field(description="The run's id.")
    slot_time: datetime | None = Field(None, description="The slot it is for; none for a request.")
    attempt: int = Field(1, ge=0, description="The current attempt, from 1.")
    state: str = Field(description="How far it is, such as Started.")
    start_time: datetime | None = Field(None, description="When the current attempt began.")
    retry_time: datetime | None = Field(None, description="When the next attempt is, while it waits for that.")
    host: str | None = Field(None, description="The pod that runs the current attempt.")


class PastRun(LooseWireModel):
    """A run that has ended."""

    run: str = Field(description="The run's id.")
    slot_time: datetime | None = Field(None, description="The slot it was for; none for a request.")
    outcome: str = Field(description="How it ended, such as Succeeded.")
    reason: str | None = Field(None, description="Why it ended so, in a word.")
    message: str | None = Field(None, description="Why it ended so, in a sentence.")
    attempts: int = Field(1, ge=0, description="How many attempts it took.")
    start_time: datetime | None = Field(None, description="When its last attempt began.")
    completion_time: datetime | None = Field(None, description="When it ended.")
    duration: str | None = Field(None, description="How long its last attempt took.")
    memory: str | None = Field(None, description="The peak memory of its last attempt.")
    host: str | None = Field(None, description="The pod that ran its last attempt.")


class Observed(LooseWireModel):
    """What the runs took."""

    runs: int = Field(0, ge=0, description="How many runs the figures come from.")
    duration: str | None = Field(None, description="The 95th percentile of the runs' durations.")
    memory: str | None = Field(None, description="The peak memory of the runs.")
    startup: str | None = Field(None, description="The time from asking for a worker until it was ready.")


class WorkerStatus(LooseWireModel):
    """The workers of a heavy task."""

    pool: str | None = Field(None, description="The pool that serves it.")
    desired: int | None = Field(None, ge=0, description="How many workers there should be.")
    ready: int | None = Field(None, ge=0, description="How many workers are ready.")
    backlog: int | None = Field(None, ge=0, description="How many runs wait for a worker; absent when unknown.")
    scale_reason: str | None = Field(None, description="Why there should be so many.")
    memory_request: str | None = Field(None, description="The memory that a worker asks its node for.")
    memory_limit: str | None = Field(None, description="The memory that a worker may take at most.")
    cpu_request: str | None = Field(None, description="The CPU that a worker asks its node for; there is no limit.")
    runs_per_pod: int | None = Field(None, ge=1, description="How many runs a worker takes at once.")
    reasons: tuple[str, ...] = Field((), max_length=16, description="Why a worker is of that size.")
    problem: str | None = Field(None, description="Why workers do not start, as Kubernetes says it.")
    conflict: str | None = Field(None, description="What it asks of a pool that it shares, and does not get.")


class ScheduleSince(LooseWireModel):
    """Since when the schedule counts, as it must be known after a restart."""

    time: datetime = Field(description="Only slots after it are due.")
    rule: str = Field(description="A fingerprint of the fields that make the slots.")
    suspended: bool = Field(False, description="Whether it was suspended when last seen.")


class Condition(LooseWireModel):
    """A condition as Kubernetes writes them: Ready, Progressing or Degraded."""

    type: str = Field(description="Ready, Progressing or Degraded.")
    status: str = Field(description="True, False or Unknown.")
    reason: str | None = Field(None, description="Why, in one word.")
    message: str | None = Field(None, description="Why, in a sentence.")
    last_transition_time: datetime | None = Field(None, description="When status last changed.")
    observed_generation: int | None = Field(None, ge=0, description="The generation it was judged by.")


class ScheduledTaskStatus(LooseWireModel):
    """What the operator last saw and did."""

    state: str | None = Field(
        None, description="The most important of it, in a word, for people; programs read conditions."
    )
    class_: TaskClass | None = Field(None, alias="class", description="The engine that runs the task.")
    class_reason: str | None = Field(None, description="Why that engine, in a sentence.")
    class_reasons: tuple[ClassReason, ...] = Field(
        (), max_length=32, description="Each criterion of the class, with the value that met or failed it."
    )
    next_run_time: datetime | None = Field(None, description="The coming slot.")
    last_schedule_time: datetime | None = Field(None, description="The slot that was last admitted.")
    last_success_time: datetime | None = Field(None, description="When a run last succeeded.")
    last_failure_time: datetime | None = Field(None, description="When a run last failed.")
    last_run: PastRun | None = Field(None, description="The run that ended last.")
    active: tuple[ActiveRun, ...] = Field(
        (), max_length=1000, description="The runs that have not ended, the oldest first; at most 100 are shown."
    )
    history: tuple[PastRun, ...] = Field(
        (), max_length=200, description="The runs that ended last, the newest first, as the history limits say."
    )
    observed: Observed | None = Field(None, description="What the runs took.")
    worker: WorkerStatus | None = Field(None, description="The workers of a heavy task.")
    schedule_since: ScheduleSince | None = Field(None, description="Since when the schedule counts.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=16,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        description="Ready, Progressing and Degraded.",
    )
    observed_generation: int | None = Field(None, ge=0, description="The generation that this status speaks of.")
