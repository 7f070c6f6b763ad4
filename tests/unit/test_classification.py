"""One broken criterion is enough to make a task heavy, and the answer names it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.api import ScheduledTaskSpec
from scheduledtask_operator.decisions.classification import (
    LIGHT_DURATION_SECONDS,
    LIGHT_MEMORY_BYTES,
    NotFitForLightError,
    classify,
)
from scheduledtask_workloads.contract import CatalogEntry, Requirement, TaskClass, TaskProfile

FIT = CatalogEntry(name="check", light=True, profile=TaskProfile(duration_seconds=5, memory_bytes=50 * 1000**2))


def spec(**fields: object) -> ScheduledTaskSpec:
    return ScheduledTaskSpec.model_validate({"task": "check", **fields})


def declared(**profile: object) -> CatalogEntry:
    return FIT.model_copy(update={"profile": FIT.profile.model_copy(update=profile)})


def test_a_task_that_meets_every_criterion_is_light() -> None:
    answer = classify(spec(), FIT)

    assert answer.task_class is TaskClass.LIGHT
    assert answer.deciding == ()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(LIGHT_DURATION_SECONDS - 1, TaskClass.LIGHT), (LIGHT_DURATION_SECONDS, TaskClass.HEAVY)],
)
def test_five_minutes_is_where_light_ends(seconds: float, expected: TaskClass) -> None:
    assert classify(spec(), declared(duration_seconds=seconds)).task_class is expected


@pytest.mark.parametrize(
    ("memory_bytes", "expected"),
    [(LIGHT_MEMORY_BYTES - 1, TaskClass.LIGHT), (LIGHT_MEMORY_BYTES, TaskClass.HEAVY)],
)
def test_500_megabytes_is_where_light_ends(memory_bytes: int, expected: TaskClass) -> None:
    assert classify(spec(), declared(memory_bytes=memory_bytes)).task_class is expected


@pytest.mark.parametrize(
    ("fields", "criterion"),
    [
        ({"retry": {"limit": 2}}, "simple outcome"),
        ({"maxConcurrency": 2}, "single instance"),
        ({"profile": {"concurrency": 2}}, "single instance"),
        ({"profile": {"requires": ["ResultTracking"]}}, "result tracking"),
        ({"profile": {"requires": ["ErrorHandling"]}}, "simple outcome"),
        ({"profile": {"requires": ["ExternalService"]}}, "dependencies"),
        ({"profile": {"requires": ["ComplexDependencies"]}}, "dependencies"),
        ({"profile": {"requires": ["CriticalTiming"]}}, "tolerates a skip"),
        ({"profile": {"duration": "2h"}}, "runtime"),
        ({"profile": {"memory": "8Gi"}}, "memory"),
    ],
)
def test_one_criterion_alone_makes_a_task_heavy_and_is_named(fields: dict[str, object], criterion: str) -> None:
    answer = classify(spec(**fields), FIT)

    assert answer.task_class is TaskClass.HEAVY
    assert [deciding.name for deciding in answer.deciding] == [criterion]
    assert answer.reason.startswith(f"{criterion}: ")


def test_one_retry_is_still_simple() -> None:
    assert classify(spec(retry={"limit": 1}), FIT).task_class is TaskClass.LIGHT


def test_what_is_declared_nowhere_is_heavy() -> None:
    answer = classify(spec(), FIT.model_copy(update={"profile": TaskProfile()}))

    assert answer.reason == "runtime: not declared; light asks for under 5m"


def test_the_resource_speaks_over_the_task_field_by_field() -> None:
    entry = declared(duration_seconds=3600.0, requires=(Requirement.RESULT_TRACKING,))

    assert classify(spec(profile={"duration": "1s", "requires": []}), entry).task_class is TaskClass.LIGHT
    assert classify(spec(profile={"duration": "1s"}), entry).task_class is TaskClass.HEAVY


def test_a_task_that_does_not_declare_itself_fit_is_heavy() -> None:
    assert classify(spec(), FIT.model_copy(update={"light": False})).deciding[0].name == "declared fit"


def test_asking_for_light_cannot_make_a_task_fit() -> None:
    with pytest.raises(NotFitForLightError, match=r'spec\.class: "Light".*Auto or Heavy'):
        classify(spec(**{"class": "Light"}), FIT.model_copy(update={"light": False}))


@pytest.mark.parametrize("asked", ["Light", "Heavy"])
def test_a_class_that_is_asked_for_is_given_with_its_criteria(asked: str) -> None:
    answer = classify(spec(**{"class": asked, "profile": {"duration": "2h"}}), FIT)

    assert answer.task_class == asked
    assert answer.reason == f"spec.class says {asked}"
    assert "runtime" in [criterion.name for criterion in answer.deciding]


@given(
    seconds=st.none() | st.floats(0.001, 1e6),
    memory_bytes=st.none() | st.integers(1, 10**12),
    concurrency=st.integers(1, 5),
    retry_limit=st.integers(0, 5),
    requires=st.sets(st.sampled_from(Requirement)),
    light=st.booleans(),
)
def test_light_is_exactly_every_criterion_of_the_inventory(
    seconds: float | None,
    memory_bytes: int | None,
    concurrency: int,
    retry_limit: int,
    requires: set[Requirement],
    light: bool,
) -> None:
    profile = TaskProfile(
        duration_seconds=seconds, memory_bytes=memory_bytes, concurrency=concurrency, requires=tuple(requires)
    )
    answer = classify(spec(retry={"limit": retry_limit}), CatalogEntry(name="check", light=light, profile=profile))

    fits = (
        light
        and seconds is not None
        and seconds < 300
        and memory_bytes is not None
        and memory_bytes < 500_000_000
        and concurrency == 1
        and retry_limit <= 1
        and not requires
    )
    assert (answer.task_class is TaskClass.LIGHT) == fits
    assert bool(answer.deciding) == (not fits)
