"""ScheduledTaskRun, as kubectl and a real API server take it."""

import json
from typing import Any

import pytest
from tests.cluster.cluster import Api
from tests.cluster.errors import CommandFailedError


def manifest(name: str, **spec: Any) -> str:
    head = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTaskRun", "metadata": {"name": name}}
    return json.dumps({**head, "spec": {"scheduledTask": "report", **spec}})


def create(api: Api, name: str, **spec: Any) -> None:
    api.kubectl("create", "--filename=-", stdin=manifest(name, **spec))


def refusal(api: Api, *arguments: str, stdin: str = "") -> str:
    with pytest.raises(CommandFailedError) as refused:
        api.kubectl(*arguments, stdin=stdin)
    return refused.value.output


def test_its_clean_up_time_is_filled_in(api: Api) -> None:
    create(api, "defaults")

    spec = json.loads(api.kubectl("get", "strun", "defaults", "--output=json"))["spec"]
    assert spec == {"scheduledTask": "report", "ttlSecondsAfterFinished": 3600}


@pytest.mark.parametrize(
    "change",
    [
        {"scheduledTask": "other"},
        {"arguments": {"a": 2}},
        {"arguments": {"a": 1, "b": 1}},
        {"arguments": {"nested": {"a": 2}}},
        {"slotTime": "2026-11-22T03:00:00Z"},
        {"ttlSecondsAfterFinished": 5},
    ],
    ids=str,
)
def test_what_was_asked_for_cannot_be_changed(api: Api, change: dict[str, Any]) -> None:
    given = {"arguments": {"a": 1, "nested": {"a": 1}}, "slotTime": "2026-11-22T02:00:00Z"}
    api.kubectl("apply", "--filename=-", stdin=manifest("fixed", **given))

    patch = json.dumps({"spec": change})
    said = refusal(api, "patch", "strun", "fixed", "--type=merge", f"--patch={patch}")

    assert "cannot be changed, as it asks for one run" in said


def test_applying_the_same_again_is_no_change(api: Api) -> None:
    text = manifest("again", arguments={"a": 1})
    api.kubectl("apply", "--filename=-", stdin=text)

    assert "unchanged" in api.kubectl("apply", "--filename=-", stdin=text)


def test_names_may_be_made_up(api: Api) -> None:
    text = manifest("x").replace('"name": "x"', '"generateName": "report-"')

    assert "scheduledtaskrun.scheduledtask.dev/report-" in api.kubectl("create", "--filename=-", stdin=text)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"scheduledTask": None}, "spec.scheduledTask"),
        ({"scheduledTask": "Report"}, "spec.scheduledTask"),
        ({"slotTime": "soon"}, "spec.slotTime"),
        ({"ttlSecondsAfterFinished": -1}, "spec.ttlSecondsAfterFinished"),
        ({"arguments": []}, "spec.arguments"),
        ({"scheduledtask": "report"}, 'unknown field "spec.scheduledtask"'),
    ],
    ids=str,
)
def test_a_malformed_one_is_refused_by_the_schema(api: Api, spec: dict[str, Any], words: str) -> None:
    assert words in refusal(api, "create", "--filename=-", stdin=manifest("malformed", **spec))


def test_get_and_wait_show_what_became_of_it(api: Api) -> None:
    create(api, "shown")
    status = {
        "state": "Ended",
        "outcome": "Succeeded",
        "attempts": 2,
        "result": {"accuracy": 0.5, "labels": ["a", 1, None]},
        "conditions": [{"type": "Complete", "status": "True", "reason": "Completed", "message": ""}],
    }
    patch = json.dumps({"status": status})
    api.kubectl("patch", "strun", "shown", "--subresource=status", "--type=merge", f"--patch={patch}")

    heading, row = api.kubectl("get", "strun", "shown").splitlines()

    assert heading.split() == ["NAME", "TASK", "STATE", "OUTCOME", "ATTEMPTS", "ENDED", "AGE"]
    assert row.split()[:5] == ["shown", "report", "Ended", "Succeeded", "2"]
    assert "condition met" in api.kubectl("wait", "--for=condition=Complete", "strun/shown", "--timeout=5s")
    assert api.kubectl("get", "strun", "shown", "--output=jsonpath={.status.result.labels[1]}") == "1"


def test_it_is_not_shown_among_scheduled_tasks(api: Api) -> None:
    create(api, "apart")

    assert "apart" not in api.kubectl("get", "scheduledtasks")


def test_explain_reads_well(api: Api) -> None:
    said = " ".join(api.kubectl("explain", "strun.spec").split())

    assert "it cannot be changed afterwards" in said
    assert "scheduledTask <string> -required-" in said
