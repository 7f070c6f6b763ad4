"""The inventory that the product started from: its eight tasks get its classes by the profiles that they declare."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.api import ScheduledTaskSpec
from scheduledtask_operator.decisions.classification import (
    LIGHT_DURATION_SECONDS,
    LIGHT_MEMORY_BYTES,
    LIGHT_RETRY_LIMIT,
    Classification,
    classify,
)
from scheduledtask_workloads.catalog import load_catalog
from scheduledtask_workloads.contract import CatalogDocument, CatalogEntry, Requirement, TaskClass, TaskProfile

MINUTE, HOUR = 60.0, 3600.0
MEGABYTE, GIGABYTE = 1000**2, 1000**3


@dataclass(frozen=True)
class Row:
    """Of the inventory: what a run may take, from and to, both counted in."""

    task: str
    task_class: TaskClass
    seconds: tuple[float, float]
    memory_bytes: tuple[int, int]
    concurrency: tuple[int, int]
    against_light: frozenset[str] = frozenset()


# Five probes at once are within one run of provider-health, which is one at a time.
INVENTORY = [
    Row("provider-health", TaskClass.LIGHT, (0, 30), (50 * MEGABYTE, 100 * MEGABYTE), (1, 1)),
    Row("system-health", TaskClass.LIGHT, (0, 5), (20 * MEGABYTE, 50 * MEGABYTE), (1, 1)),
    Row("database-cleanup", TaskClass.LIGHT, (0, 60), (100 * MEGABYTE, 200 * MEGABYTE), (1, 1)),
    Row(
        "performance-report",
        TaskClass.HEAVY,
        (10 * MINUTE, 30 * MINUTE),
        (GIGABYTE // 2, 2 * GIGABYTE),
        (1, 1),
        frozenset({"runtime", "memory"}),
    ),
    Row(
        "data-processing",
        TaskClass.HEAVY,
        (5 * MINUTE, HOUR),
        (200 * MEGABYTE, GIGABYTE),
        (2, 5),
        frozenset({"runtime", "single instance"}),
    ),
    Row(
        "model-training",
        TaskClass.HEAVY,
        (30 * MINUTE, 4 * HOUR),
        (2 * GIGABYTE, 16 * GIGABYTE),
        (1, 1),
        frozenset({"runtime", "memory"}),
    ),
    Row(
        "notification",
        TaskClass.HEAVY,
        (1 * MINUTE, 10 * MINUTE),
        (50 * MEGABYTE, 200 * MEGABYTE),
        (5, 20),
        frozenset({"dependencies", "simple outcome", "single instance"}),
    ),
    Row(
        "generic-processor",
        TaskClass.HEAVY,
        (1 * MINUTE, 30 * MINUTE),
        (100 * MEGABYTE, GIGABYTE),
        (5, 50),
        frozenset({"simple outcome", "result tracking", "single instance"}),
    ),
]
each_of_the_eight = pytest.mark.parametrize("row", INVENTORY, ids=lambda row: row.task)

FIT = CatalogEntry(
    name="check", light=True, profile=TaskProfile(duration_seconds=5, memory_bytes=50 * MEGABYTE, concurrency=1)
)


@pytest.fixture(scope="module")
def catalog() -> CatalogDocument:
    return load_catalog().document


@each_of_the_eight
def test_its_own_profile_gives_it_the_class_of_the_inventory(row: Row, catalog: CatalogDocument) -> None:
    entry = _entry(catalog, row.task)

    answer = classify(_spec(task=row.task), entry)

    assert answer.task_class is row.task_class, answer.reason
    assert row.against_light <= {criterion.name for criterion in answer.deciding}
    assert bool(answer.deciding) == (row.task_class is TaskClass.HEAVY)


@each_of_the_eight
def test_its_own_profile_lies_in_its_row_of_the_inventory(row: Row, catalog: CatalogDocument) -> None:
    profile = _entry(catalog, row.task).profile

    for declared, (least, most) in (
        (profile.duration_seconds, row.seconds),
        (profile.memory_bytes, row.memory_bytes),
        (profile.concurrency, row.concurrency),
    ):
        assert declared is not None
        assert least <= declared <= most, (row.task, declared)


def test_only_the_three_light_ones_are_declared_fit_for_the_light_engine(catalog: CatalogDocument) -> None:
    fit = {row.task for row in INVENTORY if _entry(catalog, row.task).light}

    assert fit == {row.task for row in INVENTORY if row.task_class is TaskClass.LIGHT}


@pytest.mark.parametrize("declared_by", ["task", "resource"])
@given(
    below_ms=st.integers(1, LIGHT_DURATION_SECONDS * 1000 - 1),
    above_ms=st.integers(LIGHT_DURATION_SECONDS * 1000, 10**9),
)
def test_below_five_minutes_is_light_and_from_there_on_heavy(declared_by: str, below_ms: int, above_ms: int) -> None:
    assert _against(_profiled(declared_by, duration_seconds=below_ms / 1000)) == []
    assert _against(_profiled(declared_by, duration_seconds=above_ms / 1000)) == ["runtime"]


@pytest.mark.parametrize("declared_by", ["task", "resource"])
@given(below_bytes=st.integers(1, LIGHT_MEMORY_BYTES - 1), above_bytes=st.integers(LIGHT_MEMORY_BYTES, 2**45))
def test_below_500_megabytes_is_light_and_from_there_on_heavy(
    declared_by: str, below_bytes: int, above_bytes: int
) -> None:
    assert _against(_profiled(declared_by, memory_bytes=below_bytes)) == []
    assert _against(_profiled(declared_by, memory_bytes=above_bytes)) == ["memory"]


@pytest.mark.parametrize("declared_by", ["task", "resource"])
@given(concurrency=st.integers(2, 10_000))
def test_one_at_a_time_is_light_and_more_are_heavy(declared_by: str, concurrency: int) -> None:
    assert _against(_profiled(declared_by, concurrency=1)) == []
    assert _against(_profiled(declared_by, concurrency=concurrency)) == ["single instance"]


@given(runs=st.integers(2, 10_000))
def test_as_many_runs_at_once_as_are_allowed_count_as_concurrency(runs: int) -> None:
    assert _against(classify(_spec(maxConcurrency=1), FIT)) == []
    assert _against(classify(_spec(maxConcurrency=runs), FIT)) == ["single instance"]


@given(few=st.integers(0, LIGHT_RETRY_LIMIT), many=st.integers(LIGHT_RETRY_LIMIT + 1, 100))
def test_one_retry_is_light_and_more_are_heavy(few: int, many: int) -> None:
    assert _against(classify(_spec(retry={"limit": few}), FIT)) == []
    assert _against(classify(_spec(retry={"limit": many}), FIT)) == ["simple outcome"]


@pytest.mark.parametrize(("choice", "against"), [("Skip", []), ("Latest", []), ("All", ["tolerates a skip"])])
def test_to_catch_every_slot_up_is_heavy(choice: str, against: list[str]) -> None:
    assert _against(classify(_spec(catchUp=choice), FIT)) == against


@pytest.mark.parametrize("declared_by", ["task", "resource"])
@given(requires=st.sets(st.sampled_from(Requirement)))
def test_nothing_beyond_running_is_light_and_each_requirement_alone_is_heavy(
    declared_by: str, requires: set[Requirement]
) -> None:
    criterion_of = {
        Requirement.ERROR_HANDLING: "simple outcome",
        Requirement.EXTERNAL_SERVICE: "dependencies",
        Requirement.COMPLEX_DEPENDENCIES: "dependencies",
        Requirement.CRITICAL_TIMING: "tolerates a skip",
        Requirement.RESULT_TRACKING: "result tracking",
    }

    answer = _profiled(declared_by, requires=tuple(requires))

    assert set(_against(answer)) == {criterion_of[each] for each in requires}


@pytest.mark.parametrize("field", ["duration_seconds", "memory_bytes"])
def test_what_is_not_declared_is_on_the_heavy_side(field: str) -> None:
    entry = FIT.model_copy(update={"profile": FIT.profile.model_copy(update={field: None})})

    answer = classify(_spec(), entry)

    assert [criterion.found for criterion in answer.deciding] == ["not declared"]


def _entry(catalog: CatalogDocument, task: str) -> CatalogEntry:
    entry = catalog.find(task)
    assert entry is not None, [each.name for each in catalog.tasks]
    return entry


def _spec(**fields: object) -> ScheduledTaskSpec:
    return ScheduledTaskSpec.model_validate({"task": "check", **fields})


def _profiled(declared_by: str, **profile: object) -> Classification:
    """Everything else is light. A resource's profile is written as people write it."""
    if declared_by == "task":
        return classify(_spec(), FIT.model_copy(update={"profile": FIT.profile.model_copy(update=profile)}))
    return classify(_spec(profile=dict(map(_written, profile.items()))), FIT)


def _written(field: tuple[str, object]) -> tuple[str, object]:
    name, value = field
    if name == "duration_seconds":
        return "duration", f"{value:.3f}s"
    return ("memory", str(value)) if name == "memory_bytes" else (name, value)


def _against(answer: Classification) -> list[str]:
    assert answer.task_class is (TaskClass.HEAVY if answer.deciding else TaskClass.LIGHT)
    return [criterion.name for criterion in answer.deciding]
