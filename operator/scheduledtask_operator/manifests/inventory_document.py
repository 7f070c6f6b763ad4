"""The inventory of some ScheduledTasks: of each its class and why, how often it runs, where, and what its runs took.

Pure: what was read and measured goes in, the document comes out; `inventory_page` writes it for people.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, computed_field

from scheduledtask_operator.api import ScheduledTask, ScheduledTaskSpec
from scheduledtask_operator.api.status import ScheduledTaskStatus
from scheduledtask_operator.decisions.classification import Classification, merge_profile
from scheduledtask_operator.decisions.jobs import pool_name
from scheduledtask_workloads.contract import CatalogEntry, Requirement, TaskClass
from scheduledtask_workloads.contract.quantity import parse_duration, parse_memory
from scheduledtask_workloads.schedule import count_slots, parse_rule

DAY = timedelta(days=1)
MOST_A_DAY = 86_400  # a schedule has whole seconds


class Part(BaseModel):
    """Of the document. Readers leave out what they do not know."""

    model_config = ConfigDict(frozen=True)


class FoundCriterion(Part):
    """One question of the rule, in the words of `scheduledtask explain`."""

    name: str
    found: str
    limit: str
    holds: bool


class Declared(Part):
    """What the task declares, with what the resource says laid over it; None is not declared."""

    duration_seconds: float | None
    memory_bytes: int | None
    concurrency: int | None
    requires: tuple[Requirement, ...]


class Frequency(Part):
    """`runs_a_day`: slots in the day after the inventory was made; None without a schedule. `after`: its triggers."""

    schedule: str | None
    time_zone: str
    suspended: bool
    runs_a_day: int | None
    after: tuple[str, ...]


class ObservedRuns(Part):
    """What runs took. None is unknown. `at_once`: the most that were seen at the same time."""

    runs: int
    outcomes: dict[str, int] = {}
    duration_p95_seconds: float | None = None
    longest_seconds: float | None = None
    peak_memory_bytes: int | None = None
    at_once: int | None = None


class InventoryTask(Part):
    namespace: str
    name: str
    task: str
    task_class: TaskClass
    reason: str
    criteria: tuple[FoundCriterion, ...]
    declared: Declared
    frequency: Frequency
    runs_in: str
    observed: ObservedRuns | None


class LightSaving(Part):
    """The memory of what the light tasks share, beside that of an idle worker for each of them; measured."""

    light_tasks: int
    scheduler_bytes: int
    runners_bytes: int
    runner_processes: int
    idle_worker_bytes: int
    workers_measured: int

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def shared_bytes(self) -> int:
        return self.scheduler_bytes + self.runners_bytes

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def workers_bytes(self) -> int:
        return self.light_tasks * self.idle_worker_bytes

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def saved_bytes(self) -> int:
        """Less than nothing where there are few light tasks."""
        return self.workers_bytes - self.shared_bytes


class Inventory(Part):
    """`observed_by`: in a sentence, where the observed figures come from; empty where there are none."""

    version: Literal[1] = 1
    made_at: AwareDatetime
    observed_by: str
    tasks: tuple[InventoryTask, ...]
    light_saving: LightSaving | None


@dataclass(frozen=True, slots=True)
class Subject:
    """A ScheduledTask as the inventory looks at it."""

    task: ScheduledTask
    entry: CatalogEntry
    classification: Classification
    observed: ObservedRuns | None = None


def inventory(
    subjects: Sequence[Subject], *, now: datetime, observed_by: str, light_saving: LightSaving | None = None
) -> Inventory:
    """Light ones first, then by name."""
    tasks = [_inventory_task(subject, subjects, now) for subject in subjects]
    tasks.sort(key=lambda task: (task.task_class is not TaskClass.LIGHT, task.namespace, task.name))
    return Inventory(made_at=now, observed_by=observed_by, tasks=tuple(tasks), light_saving=light_saving)


def observed_in(status: ScheduledTaskStatus | None) -> ObservedRuns | None:
    """What a cluster's operator wrote down; None where it saw no run end."""
    observed = status.observed if status else None
    if status is None or observed is None:
        return None
    return ObservedRuns(
        runs=observed.runs,
        duration_p95_seconds=parse_duration(observed.duration) if observed.duration else None,
        peak_memory_bytes=parse_memory(observed.memory) if observed.memory else None,
    )


def _inventory_task(subject: Subject, all_subjects: Sequence[Subject], now: datetime) -> InventoryTask:
    task, classification = subject.task, subject.classification
    profile = merge_profile(subject.entry.profile, task.spec.profile)
    return InventoryTask(
        namespace=task.metadata.namespace,
        name=task.metadata.name,
        task=task.spec.task,
        task_class=classification.task_class,
        reason=classification.reason,
        criteria=tuple(FoundCriterion(**asdict(criterion)) for criterion in classification.criteria),
        declared=Declared(
            duration_seconds=profile.duration_seconds,
            memory_bytes=profile.memory_bytes,
            concurrency=profile.concurrency,
            requires=profile.requires,
        ),
        frequency=_frequency(task, now),
        runs_in=_runs_in(subject, all_subjects),
        observed=subject.observed,
    )


def _frequency(task: ScheduledTask, now: datetime) -> Frequency:
    spec = task.spec
    return Frequency(
        schedule=spec.schedule,
        time_zone=spec.time_zone,
        suspended=spec.suspend,
        runs_a_day=None if spec.schedule is None else _runs_a_day(spec, spec.schedule, str(task.key), now),
        after=tuple(f"{trigger.scheduled_task} {', '.join(trigger.outcomes)}" for trigger in spec.triggers),
    )


def _runs_a_day(spec: ScheduledTaskSpec, schedule: str, identity: str, now: datetime) -> int:
    rule = parse_rule(schedule, time_zone=spec.time_zone, dst_policy=spec.dst_policy, identity=identity, anchor=now)
    begin = now.astimezone(UTC).replace(microsecond=0)
    return count_slots(rule, begin, begin + DAY, MOST_A_DAY)


def _runs_in(subject: Subject, all_subjects: Sequence[Subject]) -> str:
    if subject.classification.task_class is TaskClass.LIGHT:
        return "the runners beside the scheduler"
    worker = subject.task.spec.worker
    others = ", ".join(other.task.metadata.name for other in all_subjects if _shares_pool(subject, other))
    shared = f", shared with {others}" if others else ""
    return f"pool {_pool(subject)}: {worker.min_replicas} to {worker.max_replicas} workers{shared}"


def _shares_pool(subject: Subject, other: Subject) -> bool:
    same_namespace = subject.task.metadata.namespace == other.task.metadata.namespace
    return other is not subject and same_namespace and _pool(other) == _pool(subject)


def _pool(subject: Subject) -> str:
    """Empty for light ones, which have none."""
    return pool_name(subject.task, subject.classification.task_class)
