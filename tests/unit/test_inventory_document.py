"""The inventory's document from values, and its page."""

import json
from datetime import UTC, datetime
from typing import Any

from scheduledtask_operator.api import API_VERSION, KIND, ScheduledTask
from scheduledtask_operator.decisions.classification import classify
from scheduledtask_operator.local.measuring import observed_runs
from scheduledtask_operator.manifests.inventory_document import (
    Inventory,
    LightSaving,
    ObservedRuns,
    Subject,
    inventory,
    observed_in,
)
from scheduledtask_operator.manifests.inventory_page import inventory_page
from scheduledtask_workloads.contract import CatalogEntry, Requirement, RunRecord, RunState, TaskClass, TaskProfile

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MEGABYTE = 1000**2
CHECK = CatalogEntry(name="check", light=True, profile=TaskProfile(duration_seconds=5, memory_bytes=50 * MEGABYTE))
TRAIN = CatalogEntry(name="train", profile=TaskProfile(duration_seconds=7200, requires=(Requirement.RESULT_TRACKING,)))
SAVING = LightSaving(
    light_tasks=3,
    scheduler_bytes=40 * MEGABYTE,
    runners_bytes=60 * MEGABYTE,
    runner_processes=2,
    idle_worker_bytes=60 * MEGABYTE,
    workers_measured=3,
)


def subject(name: str, entry: CatalogEntry, observed: ObservedRuns | None = None, **fields: Any) -> Subject:
    spec = {"task": entry.name, **fields}
    task = ScheduledTask.model_validate(
        {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}
    )
    return Subject(task, entry, classify(task.spec, entry), observed)


def document(*subjects: Subject, observed_by: str = "", light_saving: LightSaving | None = None) -> Inventory:
    return inventory(subjects, now=NOON, observed_by=observed_by, light_saving=light_saving)


def run(name: str, begin: float, end: float, peak_bytes: int | None, state: RunState = RunState.SUCCEEDED) -> RunRecord:
    return RunRecord(
        namespace="default",
        name="job",
        run_id=name,
        task_class=TaskClass.HEAVY,
        state=state,
        started_at=begin,
        ended_at=end,
        peak_memory_bytes=peak_bytes,
    )


def test_light_ones_stand_first_and_the_criteria_are_those_of_explain() -> None:
    made = document(subject("a-training", TRAIN), subject("z-check", CHECK))

    assert [(task.name, task.task_class) for task in made.tasks] == [("z-check", "Light"), ("a-training", "Heavy")]
    answer = classify(subject("a-training", TRAIN).task.spec, TRAIN)
    assert made.tasks[1].reason == answer.reason
    assert [(each.name, each.found, each.holds) for each in made.tasks[1].criteria] == [
        (each.name, each.found, each.holds) for each in answer.criteria
    ]


def test_the_resource_speaks_over_the_tasks_own_profile() -> None:
    (task,) = document(subject("training", TRAIN, profile={"memory": "2G", "requires": []})).tasks

    assert (task.declared.duration_seconds, task.declared.memory_bytes, task.declared.requires) == (7200, 2 * 10**9, ())


def test_how_often_is_counted_over_the_coming_day_in_the_schedules_zone() -> None:
    often = subject("often", CHECK, schedule="*/15 * * * *", timeZone="Europe/Paris")
    asked = subject("asked", CHECK, triggers=[{"scheduledTask": "often", "outcomes": ["Failed", "Lost"]}])
    made = {task.name: task.frequency for task in document(often, asked).tasks}

    assert made["often"].runs_a_day == 96
    assert (made["asked"].runs_a_day, made["asked"].after) == (None, ("often Failed, Lost",))


def test_tasks_of_one_pool_are_told_of_each_other() -> None:
    shared = subject("second", TRAIN, worker={"pool": "first", "maxReplicas": 3})
    made = {task.name: task.runs_in for task in document(subject("first", TRAIN), shared, subject("c", CHECK)).tasks}

    assert made == {
        "c": "the runners beside the scheduler",
        "first": "pool first: 0 to 1 workers, shared with second",
        "second": "pool first: 0 to 3 workers, shared with first",
    }


def test_what_runs_took_is_their_95th_percentile_their_longest_and_their_peak() -> None:
    runs = [run(f"r{n}", n * 10, n * 10 + n, n * MEGABYTE) for n in range(1, 21)]

    observed = observed_runs([*runs, run("failed", 0, 0.5, None, RunState.FAILED)])

    assert observed is not None
    assert (observed.runs, observed.outcomes) == (21, {"Succeeded": 20, "Failed": 1})
    assert (observed.duration_p95_seconds, observed.longest_seconds) == (19, 20)
    assert observed.peak_memory_bytes == 20 * MEGABYTE


def test_at_once_is_the_most_runs_at_any_moment_and_one_that_begins_as_another_ends_is_not_beside_it() -> None:
    assert observed_runs([]) is None

    beside = observed_runs([run("a", 0, 10, 1), run("b", 1, 5, 1), run("c", 5, 6, 1), run("d", 10, 11, 1)])

    assert beside is not None
    assert beside.at_once == 2


def test_a_status_of_a_cluster_is_read_as_what_was_observed() -> None:
    status = {"class": "Light", "observed": {"runs": 7, "duration": "1m30s", "memory": "64Mi"}}
    task = ScheduledTask.model_validate(
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": "seen"},
            "spec": {"task": "check"},
            "status": status,
        }
    )

    observed = observed_in(task.status)

    assert observed == ObservedRuns(runs=7, duration_p95_seconds=90, peak_memory_bytes=64 * 1024**2)
    assert observed_in(None) is None


def test_the_saving_is_that_of_idle_workers_over_what_light_tasks_share() -> None:
    assert SAVING.saved_bytes == 3 * 60 * MEGABYTE - 100 * MEGABYTE

    page = inventory_page(document(subject("check", CHECK), observed_by="here", light_saving=SAVING))

    assert "| an idle Celery worker each instead, 3 x 60 MB | 180 MB |" in page
    assert "| **saved** | **80 MB** |" in page
    assert "each further light task saves 60 MB more" in page
    assert "proportional set size" in page


def test_few_light_tasks_save_nothing_and_the_page_says_from_how_many_on_they_do() -> None:
    alone = SAVING.model_copy(update={"light_tasks": 1})

    page = inventory_page(document(subject("check", CHECK), observed_by="here", light_saving=alone))

    assert "| **saved** | **-40 MB** |" in page
    assert "From 2 light tasks on there is something to save" in page


def test_the_page_has_every_criterion_with_its_value_and_what_was_observed() -> None:
    observed = ObservedRuns(runs=2, outcomes={"Succeeded": 2}, duration_p95_seconds=0.25, peak_memory_bytes=10**7)
    page = inventory_page(document(subject("check", CHECK, observed), subject("train", TRAIN), observed_by="here"))

    assert "| **check** | ✓ 5s | ✓ 50M | ✓ retry.limit 0 | ✓ none |" in page
    assert "**✗ 2h** | **✗ not declared** |" in page
    assert "2 (2 Succeeded), 250ms, 10M, -" in page
    assert "no run" in page


def test_without_observation_the_page_says_so_and_has_no_column_for_it() -> None:
    page = inventory_page(document(subject("check", CHECK)))

    assert "nothing was observed" in page
    assert "observed: " not in page
    assert "saves" not in page


def test_the_json_is_read_back_as_the_same_document() -> None:
    made = document(subject("check", CHECK), observed_by="here", light_saving=SAVING)

    text = made.model_dump_json()

    assert json.loads(text)["version"] == 1
    assert json.loads(text)["light_saving"]["saved_bytes"] == SAVING.saved_bytes
    assert Inventory.model_validate_json(text) == made
