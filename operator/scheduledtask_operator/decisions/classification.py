"""Light or heavy: which engine a task belongs on, and why.

Light needs every criterion to hold; heavy is any one that does not. The limits come from the inventory of tasks that
the product started from: under five minutes, under 500 MB, simple outcome, no complex dependencies, may be skipped
now and then, one at a time.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from scheduledtask_operator.api import CatchUpChoice, ClassChoice, Profile, ScheduledTaskSpec
from scheduledtask_workloads.contract import CatalogEntry, Requirement, TaskClass, TaskProfile
from scheduledtask_workloads.contract.quantity import format_duration, format_memory

LIGHT_DURATION_SECONDS = 5 * 60  # inventory: runtime under 5 minutes
LIGHT_MEMORY_BYTES = 500 * 1000**2  # inventory: memory under 500 MB
LIGHT_RETRY_LIMIT = 1  # inventory: simple success or failure; one more try is still simple


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question of the rule: what was found, what light asks for, whether it holds."""

    name: str
    found: str
    limit: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Classification:
    """The class, the sentence that explains it, and every criterion in the rule's order."""

    task_class: TaskClass
    reason: str
    criteria: tuple[Criterion, ...]

    @property
    def deciding(self) -> tuple[Criterion, ...]:
        """The criteria that speak against light; empty when all hold."""
        return tuple(criterion for criterion in self.criteria if not criterion.holds)


class NotFitForLightError(ValueError):
    """`spec.class: Light` was asked for a task whose author does not declare it fit."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the criteria look at: the resource's wishes and the task's profile with the resource's laid over it."""

    spec: ScheduledTaskSpec
    profile: TaskProfile
    light: bool


def classify(spec: ScheduledTaskSpec, entry: CatalogEntry) -> Classification:
    """The class that `spec.class` names, or under Auto the rule's. Raises NotFitForLightError."""
    case = Case(spec, merge_profile(entry.profile, spec.profile), entry.light)
    criteria = tuple(ask(case) for ask in CRITERIA)
    if spec.class_ is ClassChoice.AUTO:
        return _judge(criteria)
    if spec.class_ is ClassChoice.LIGHT and not entry.light:
        raise NotFitForLightError(f'spec.class: "Light": {_unfit(spec, entry.name)}')
    return Classification(TaskClass(spec.class_), f"spec.class says {spec.class_}", criteria)


def _unfit(spec: ScheduledTaskSpec, name: str) -> str:
    if spec.worker.image:
        return (
            f"the task {name} is that of spec.worker.image, which runs on workers; write Auto or Heavy, or leave "
            "worker.image out, for a task that the runners' image has"
        )
    return (
        f"the task {name} does not declare itself fit for the light engine; write Auto or Heavy, or declare "
        "@task(light=True)"
    )


def merge_profile(declared: TaskProfile, asked: Profile) -> TaskProfile:
    """Field by field, what the resource says over what the task declares."""
    return TaskProfile(
        duration_seconds=_first(asked.duration_seconds, declared.duration_seconds),
        memory_bytes=_first(asked.memory_bytes, declared.memory_bytes),
        concurrency=_first(asked.concurrency, declared.concurrency),
        requires=declared.requires if asked.requires is None else asked.requires,
    )


Value = TypeVar("Value")


def _first(asked: Value | None, declared: Value | None) -> Value | None:
    return declared if asked is None else asked


def _judge(criteria: Iterable[Criterion]) -> Classification:
    asked = tuple(criteria)
    against = next((criterion for criterion in asked if not criterion.holds), None)
    if against is None:
        return Classification(TaskClass.LIGHT, "every criterion of light holds", asked)
    return Classification(TaskClass.HEAVY, f"{against.name}: {against.found}; light asks for {against.limit}", asked)


def _fitness(case: Case) -> Criterion:
    found = "light=True" if case.light else "not declared"
    return Criterion("declared fit", found, "@task(light=True)", case.light)


def _runtime(case: Case) -> Criterion:
    seconds = case.profile.duration_seconds
    return Criterion(
        name="runtime",
        found="not declared" if seconds is None else format_duration(seconds),
        limit=f"under {format_duration(LIGHT_DURATION_SECONDS)}",
        holds=seconds is not None and seconds < LIGHT_DURATION_SECONDS,
    )


def _memory(case: Case) -> Criterion:
    memory_bytes = case.profile.memory_bytes
    return Criterion(
        name="memory",
        found="not declared" if memory_bytes is None else format_memory(memory_bytes),
        limit="under 500M",
        holds=memory_bytes is not None and memory_bytes < LIGHT_MEMORY_BYTES,
    )


def _simple_outcome(case: Case) -> Criterion:
    handles_errors = Requirement.ERROR_HANDLING in case.profile.requires
    return Criterion(
        name="simple outcome",
        found=f"{Requirement.ERROR_HANDLING} required" if handles_errors else f"retry.limit {case.spec.retry.limit}",
        limit=f"no {Requirement.ERROR_HANDLING}, retry.limit at most {LIGHT_RETRY_LIMIT}",
        holds=not handles_errors and case.spec.retry.limit <= LIGHT_RETRY_LIMIT,
    )


def _dependencies(case: Case) -> Criterion:
    asked = [
        requirement
        for requirement in (Requirement.EXTERNAL_SERVICE, Requirement.COMPLEX_DEPENDENCIES)
        if requirement in case.profile.requires
    ]
    return Criterion(
        name="dependencies",
        found=", ".join(asked) or "none",
        limit=f"no {Requirement.EXTERNAL_SERVICE}, no {Requirement.COMPLEX_DEPENDENCIES}",
        holds=not asked,
    )


def _tolerates_skips(case: Case) -> Criterion:
    critical = Requirement.CRITICAL_TIMING in case.profile.requires
    all_slots = case.spec.catch_up is CatchUpChoice.ALL
    return Criterion(
        name="tolerates a skip",
        found=f"{Requirement.CRITICAL_TIMING} required" if critical else f"catchUp {case.spec.catch_up}",
        limit=f"no {Requirement.CRITICAL_TIMING}, catchUp not All",
        holds=not critical and not all_slots,
    )


def _single_instance(case: Case) -> Criterion:
    concurrency = max(case.spec.max_concurrency, case.profile.concurrency or 1)
    return Criterion("single instance", f"{concurrency} at once", "1 at once", concurrency <= 1)


def _result_tracking(case: Case) -> Criterion:
    tracks = Requirement.RESULT_TRACKING in case.profile.requires
    return Criterion(
        name="result tracking",
        found=f"{Requirement.RESULT_TRACKING} required" if tracks else "none",
        limit=f"no {Requirement.RESULT_TRACKING}",
        holds=not tracks,
    )


CRITERIA: tuple[Callable[[Case], Criterion], ...] = (
    _runtime,
    _memory,
    _simple_outcome,
    _dependencies,
    _tolerates_skips,
    _single_instance,
    _result_tracking,
    _fitness,
)
