"""What a ScheduledTask asks for. These models are the only source of the CRD, its defaults and the reference page."""

from functools import cached_property

from pydantic import Field

from scheduledtask_operator.api.arguments import Arguments
from scheduledtask_operator.api.choices import (
    Adaptation,
    CatchUpChoice,
    ClassChoice,
    ConcurrencyChoice,
    TriggerOutcome,
)
from scheduledtask_operator.api.wire import (
    CalendarDate,
    CatalogName,
    Duration,
    Flag,
    JsonObject,
    LongWords,
    Memory,
    PositiveDuration,
    ResourceName,
    Whole,
    WireModel,
    Words,
)
from scheduledtask_workloads.contract import Requirement
from scheduledtask_workloads.contract.quantity import parse_duration, parse_memory
from scheduledtask_workloads.schedule import DstPolicy

_YEAR_SECONDS = 366 * 24 * 3600  # the upper bound of every count of seconds: longer is a slip of the hand


class Profile(WireModel):
    """What one run needs. Each field that is set here wins over the task's own declaration."""

    duration: PositiveDuration | None = Field(None, description="How long a run takes, such as 90s, 5m or 2h.")
    memory: Memory | None = Field(None, description="How much memory a run takes at its peak, such as 500M or 8Gi.")
    concurrency: Whole | None = Field(
        None, ge=1, le=10_000, description="How many runs are usual at the same time; more than 1 makes a task heavy."
    )
    requires: tuple[Requirement, ...] | None = Field(
        None, max_length=len(Requirement), description="What it needs beyond running; any of these makes a task heavy."
    )

    @cached_property
    def duration_seconds(self) -> float | None:
        return None if self.duration is None else parse_duration(self.duration)

    @cached_property
    def memory_bytes(self) -> int | None:
        return None if self.memory is None else parse_memory(self.memory)


class Retry(WireModel):
    """What happens after an attempt that did not succeed."""

    limit: Whole = Field(0, ge=0, le=100, description="How many failures of one run are retried.")
    backoff: Duration = Field("30s", description="The wait before the first retry; it doubles with each further one.")
    max_backoff: Duration = Field("10m", description="The longest wait between two attempts.")
    on_lost: Whole = Field(
        3, ge=0, le=100, description="How many attempts of one run that died with their host are made anew."
    )

    @cached_property
    def backoff_seconds(self) -> float:
        return parse_duration(self.backoff)

    @cached_property
    def max_backoff_seconds(self) -> float:
        return parse_duration(self.max_backoff)


class Exclude(WireModel):
    """Slots that are left out."""

    holidays: Words | None = Field(None, description="The public holidays of a country or region, such as FR or DE-BY.")
    dates: tuple[CalendarDate, ...] = Field((), max_length=366, description="Whole days, in the schedule's time zone.")
    windows: tuple[JsonObject, ...] = Field(
        (),
        max_length=100,
        description="Stretches of time; their fields come with the engine.",
    )


class Trigger(WireModel):
    """Another ScheduledTask whose end starts this one."""

    scheduled_task: ResourceName = Field(description="The other ScheduledTask, in the same namespace.")
    outcomes: tuple[TriggerOutcome, ...] = Field(
        min_length=1, max_length=len(TriggerOutcome), description="The outcomes of its runs that start this one."
    )


class Worker(WireModel):
    """The workers of a heavy task."""

    image: LongWords | None = Field(None, description="The worker's image: ours with your package installed into it.")
    pool: ResourceName | None = Field(
        None, description="A pool to share with the tasks that name it too. Without it a heavy task has its own."
    )
    min_replicas: Whole = Field(0, ge=0, le=1000, description="Workers that stay up without work.")
    max_replicas: Whole = Field(1, ge=1, le=1000, description="The most workers at once.")
    idle_seconds: Whole = Field(
        120, ge=0, le=_YEAR_SECONDS, description="How long a worker without work stays up, in seconds."
    )
    pod_template: JsonObject | None = Field(None, description="Fields laid over the worker's pod template.")


class Artifacts(WireModel):
    """Where a run's files go."""

    url: LongWords = Field(description="A folder or an fsspec URL; each run has a prefix of its own below it.")


class ScheduledTaskSpec(WireModel):
    """What is run, when, on which engine, and what happens when it does not go well."""

    schedule: Words | None = Field(
        None,
        description="When: cron of five fields (six: seconds first), @hourly and its like, @every 5m, or @at with an "
        "RFC 3339 time. H stands for a value taken from namespace and name. Without a schedule it runs on demand.",
    )
    time_zone: Words = Field("UTC", description="The IANA time zone that the schedule is read in.")
    jitter_seconds: Whole = Field(
        0, ge=0, le=86400, description="The most seconds a slot is put off; the same each time, never past the next."
    )
    dst_policy: DstPolicy = Field(
        DstPolicy.RUN_ONCE, description="What becomes of times that a change of clocks leaves out or repeats."
    )
    exclude: Exclude | None = Field(None, description="Slots that are left out.")
    suspend: Flag = Field(False, description="No slot starts while true; those missed meanwhile are not caught up.")
    starting_deadline_seconds: Whole | None = Field(
        None, ge=1, le=_YEAR_SECONDS, description="How late a slot may still be admitted, in seconds. Default: always."
    )
    catch_up: CatchUpChoice = Field(
        CatchUpChoice.LATEST, description="Which of the slots that were missed are run: none, the latest, or all."
    )
    catch_up_limit: Whole = Field(100, ge=1, le=10_000, description="The most slots that catchUp: All runs.")
    task: CatalogName = Field(description="The name of the task in the catalog.")
    arguments: Arguments = Field(
        default_factory=dict,
        max_length=256,
        json_schema_extra={"maxProperties": 256},
        description="The task's arguments, checked against its schema. In the place of a text, at any depth, "
        "{secretKeyRef: {name, key}} takes it from a Secret of the same namespace.",
    )
    class_: ClassChoice = Field(
        ClassChoice.AUTO, alias="class", description="The engine; Auto leaves it to the rule that explain shows."
    )
    profile: Profile = Field(Profile(), description="What one run needs, field by field over the task's own.")
    adaptation: Adaptation = Field(
        Adaptation.OFF,
        description='What observed runs may change: nothing, a recommendation, or the class. Write "Off" in quotes: '
        "YAML reads the bare word as false.",
    )
    concurrency_policy: ConcurrencyChoice = Field(
        ConcurrencyChoice.FORBID,
        description="What happens to a slot while maxConcurrency runs are active: Forbid skips it, Allow starts it all "
        "the same, Replace ends the oldest run first, Queue lets it wait.",
    )
    max_concurrency: Whole = Field(
        1, ge=1, le=10_000, description="How many runs may be active before the policy acts."
    )
    queue_limit: Whole = Field(10, ge=1, le=10_000, description="How many runs may wait under Queue.")
    timeout_seconds: Whole | None = Field(
        None,
        ge=1,
        le=_YEAR_SECONDS,
        description="When a run is ended, in seconds. Default: 300 for a light task; twice the declared duration for a "
        "heavy one, at most a day.",
    )
    retry: Retry = Field(Retry(), description="What happens after an attempt that did not succeed.")
    pause_after_failures: Whole | None = Field(
        None, ge=1, le=10_000, description="Failed runs in a row after which the task is paused."
    )
    triggers: tuple[Trigger, ...] = Field(
        (), max_length=32, description="Other ScheduledTasks whose end starts this one."
    )
    worker: Worker = Field(Worker(), description="The workers of a heavy task.")
    artifacts: Artifacts | None = Field(
        None, description="Where a run's files go. Default: a folder of the operator's."
    )
    freshness_seconds: Whole | None = Field(
        None,
        ge=1,
        le=_YEAR_SECONDS,
        description="The age of the last success, in seconds, that raises the alert ScheduledTaskStale.",
    )
    successful_runs_history_limit: Whole = Field(3, ge=0, le=100, description="How many successful runs status keeps.")
    failed_runs_history_limit: Whole = Field(3, ge=0, le=100, description="How many failed runs status keeps.")
