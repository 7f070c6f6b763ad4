"""A ScheduledTaskRun in a manifest: what is taken, and what is said of one that is not."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from scheduledtask_operator.api import ParseResult, ScheduledTaskRun, parse_manifests
from scheduledtask_operator.api.run_resource import kept_result
from scheduledtask_workloads.contract.identity import request_run_id, requesting_object, slot_run_id

HEAD = "apiVersion: scheduledtask.dev/v1alpha1\nkind: ScheduledTaskRun\n"
TASK = "apiVersion: scheduledtask.dev/v1alpha1\nkind: ScheduledTask\nmetadata: {name: report}\nspec: {task: report}\n"


def manifest(spec: str = "{scheduledTask: report}", metadata: str = "{name: now}") -> str:
    return f"{HEAD}metadata: {metadata}\nspec: {spec}\n"


def parsed(text: str) -> ParseResult:
    return parse_manifests(text, "a.yaml")


def the_run(text: str) -> ScheduledTaskRun:
    result = parsed(text)
    assert result.problems == ()
    (only,) = result.runs
    return only.run


def the_problem(text: str) -> str:
    (problem,) = parsed(text).problems
    return str(problem)


def test_it_stands_beside_scheduled_tasks() -> None:
    result = parsed(f"{TASK}---\n{manifest()}")

    assert result.problems == ()
    assert [task.metadata.name for task in result.tasks] == ["report"]
    assert [(each.run.metadata.name, each.line) for each in result.runs] == [("now", 6)]


def test_runs_alone_are_enough() -> None:
    assert parsed(manifest()).problems == ()


def test_a_list_as_kubectl_prints_it_is_read() -> None:
    item = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTaskRun", "metadata": {"name": "now"}}
    items = [{**item, "spec": {"scheduledTask": "report"}}]

    result = parse_manifests(json.dumps({"kind": "ScheduledTaskRunList", "items": items}), "a.json")

    assert (len(result.runs), result.problems) == (1, ())


def test_it_goes_after_an_hour_unless_it_says_otherwise() -> None:
    assert the_run(manifest()).spec.ttl_seconds_after_finished == 3600
    assert the_run(manifest("{scheduledTask: a, ttlSecondsAfterFinished: 0}")).spec.ttl_seconds_after_finished == 0


@pytest.mark.parametrize("written", ["2026-11-22T02:00:00Z", '"2026-11-22T03:00:00+01:00"'])
def test_its_slot_is_an_instant(written: str) -> None:
    run = the_run(manifest(f"{{scheduledTask: a, slotTime: {written}}}"))

    assert run.spec.slot_epoch_seconds == datetime(2026, 11, 22, 2, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("5", "spec.slotTime: 5 is no time; write it as 2026-11-22T02:00:00Z"),
        ('"1763776800"', 'spec.slotTime: "1763776800" is no time'),
        ("2026-11-22T02:00:00.5Z", "has a fraction of a second, and slots have none; leave it out"),
        ('"2026-11-22T02:00:00"', "timezone"),
    ],
)
def test_a_slot_that_is_none_is_refused(written: str, said: str) -> None:
    assert said in the_problem(manifest(f"{{scheduledTask: a, slotTime: {written}}}"))


def test_two_of_one_name_are_one_too_many() -> None:
    said = the_problem(f"{manifest()}---\n{manifest('{scheduledTask: other}')}")

    assert "default/now is already defined at a.yaml:1" in said


def test_a_task_and_a_run_may_have_one_name() -> None:
    assert parsed(f"{TASK}---\n{manifest(metadata='{name: report}')}").problems == ()


def test_names_that_the_api_server_makes_up_are_as_many_as_there_are() -> None:
    text = manifest(metadata="{generateName: report-}")

    result = parsed(f"{text}---\n{text}")

    assert (len(result.runs), result.problems) == (2, ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (manifest("{}"), "spec.scheduledTask: is missing; add it: the ScheduledTask to run"),
        (manifest("{scheduledtask: a}"), "spec.scheduledtask: is no field of ScheduledTaskRun; did you mean"),
        (manifest("{scheduledTask: a, arguments: 5}"), "spec.arguments: 5 is a number, not a mapping"),
        (manifest("{scheduledTask: Report}"), 'spec.scheduledTask: "Report" is not a DNS label'),
        (manifest("{scheduledTask: a, ttlSecondsAfterFinished: -1}"), "-1 is less than 0; write 0 or more"),
        (
            manifest("{scheduledTask: a, arguments: {key: {secretKeyRef: {name: a, key: b}}}}"),
            "a run brings no secretKeyRef of its own; write it in the ScheduledTask's arguments",
        ),
        (manifest(metadata="{name: " + "n" * 64 + "}"), "has 64 characters; write 1 to 63"),
        (manifest().replace("ScheduledTaskRun", "ScheduledTaskRuns"), "write ScheduledTaskRun"),
        (manifest().replace("ScheduledTaskRun", "Run"), "write ScheduledTask or ScheduledTaskRun"),
        (manifest().replace("v1alpha1", "v1"), "is not the one of ScheduledTaskRun; write scheduledtask.dev/v1alpha1"),
    ],
)
def test_what_is_wrong_is_said_with_field_and_fix(text: str, said: str) -> None:
    assert any(said in str(problem) for problem in parsed(text).problems), parsed(text).problems


def test_a_run_id_leads_back_to_the_object_that_asked() -> None:
    run_id = request_run_id("now-r0123456789", "a-uid")

    assert requesting_object(run_id) == "now-r0123456789"
    assert run_id != request_run_id("now-r0123456789", "another-uid")


@pytest.mark.parametrize(
    "run_id", [slot_run_id("report", 1_763_776_800), "report", "", "-r0123456789", "Now-r0123456789"]
)
def test_what_no_object_asked_for_leads_nowhere(run_id: str) -> None:
    assert requesting_object(run_id) is None


@pytest.mark.parametrize("result", [None, 5, 0.5, "text", [1, None], {"accuracy": 0.9}])
def test_a_small_result_is_kept_as_it_is(result: Any) -> None:
    assert kept_result(result) == (result, "")


@pytest.mark.parametrize(
    ("result", "said"), [("x" * 5000, "5002 bytes is more than the 4096"), (float("nan"), "no form in JSON")]
)
def test_a_result_that_is_not_kept_is_spoken_of(result: Any, said: str) -> None:
    kept, message = kept_result(result)

    assert kept is None
    assert said in message
