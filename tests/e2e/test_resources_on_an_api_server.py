"""The CRD, as kubectl and a real API server take it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster.cluster import Api
from tests.cluster.errors import CommandFailedError

from scheduledtask_operator.api.rules import RULES

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
# field of spec: a spec that breaks its rule
BROKEN: dict[str, dict[str, Any]] = {
    "jitterSeconds": {"jitterSeconds": 5, "schedule": None},
    "maxConcurrency": {"class": "Light", "maxConcurrency": 2},
    "worker.pool": {"class": "Light", "worker": {"pool": "big"}},
    "worker.minReplicas": {"worker": {"minReplicas": 2, "maxReplicas": 1}},
    "retry.backoff": {"retry": {"backoff": "1h", "maxBackoff": "2m"}},
    "timeoutSeconds": {"profile": {"duration": "2m"}, "timeoutSeconds": 60},
    "exclude": {"exclude": {"holidays": "FR"}},
    "catchUp": {"catchUp": "All"},
    "catchUpLimit": {"catchUpLimit": 5},
    "adaptation": {"adaptation": "Apply"},
    "concurrencyPolicy": {"concurrencyPolicy": "Queue"},
    "queueLimit": {"queueLimit": 3},
    "pauseAfterFailures": {"pauseAfterFailures": 3},
    "artifacts.url": {"artifacts": {"url": "s3://bucket"}},
}
# What the schema itself refuses, and what kubectl then says.
MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "no task": ({"task": None}, "spec.task: Required value"),
    "unknown class": ({"class": "Medium"}, 'supported values: "Auto", "Light", "Heavy"'),
    "no duration": ({"profile": {"duration": "soon"}}, "spec.profile.duration: Invalid value"),
    "negative": ({"timeoutSeconds": -1}, "spec.timeoutSeconds"),
    "a number for a text": ({"task": 5}, 'spec.task: Invalid value: "integer"'),
}


def manifest(name: str, **spec: Any) -> str:
    given = {"schedule": "@daily", "task": "report", **spec}
    wanted = {field: value for field, value in given.items() if value is not None}
    resource = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTask", "metadata": {"name": name}}
    return json.dumps({**resource, "spec": wanted})


def refusal(api: Api, text: str) -> str:
    with pytest.raises(CommandFailedError) as refused:
        api.kubectl("create", "--filename=-", stdin=text)
    return refused.value.output


@pytest.fixture
def example_names(api: Api) -> Iterator[list[str]]:
    objects = [each for path in EXAMPLES for each in yaml.safe_load_all(path.read_text())]
    yield [each["metadata"]["name"] for each in objects if each["kind"] == "ScheduledTask"]
    api.kubectl("delete", "stask,strun", "--all")


def test_explain_reads_well(api: Api) -> None:
    spec = " ".join(api.kubectl("explain", "stask.spec").split())
    policy = " ".join(api.kubectl("explain", "stask.spec.dstPolicy").split())

    assert "What is asked for." in spec
    assert "@every 5m" in spec
    assert "task <string> -required-" in spec
    assert "ENUM: RunOnce Skip RunTwice Kubernetes" in policy


def test_every_example_is_accepted_with_defaults_filled_in(api: Api, example_names: list[str]) -> None:
    api.kubectl("apply", *(f"--filename={path}" for path in EXAMPLES))

    for name in example_names:
        spec = json.loads(api.kubectl("get", "stask", name, "--output=json"))["spec"]
        assert spec["timeZone"] == "UTC"
        assert spec["class"] == "Auto"
        assert spec["concurrencyPolicy"] == "Forbid"
        assert spec["retry"]["maxBackoff"] == "10m"
        assert spec["worker"]["maxReplicas"] == 1


@pytest.mark.parametrize("field", BROKEN)
def test_a_broken_rule_is_refused_with_its_field_and_fix(api: Api, field: str) -> None:
    said = refusal(api, manifest("broken", **BROKEN[field]))

    messages = [rule.message for rule in RULES if ".".join(rule.field) == field]
    assert f"spec.{field}: Invalid value" in said
    assert any(message in said for message in messages)


def test_every_rule_of_the_api_server_has_a_spec_here_that_breaks_it() -> None:
    assert {".".join(rule.field) for rule in RULES if rule.cel is not None} == set(BROKEN)


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_spec_is_refused_by_the_schema(api: Api, name: str) -> None:
    spec, words = MALFORMED[name]

    assert words in refusal(api, manifest("malformed", **spec))


def test_an_unknown_field_is_refused_by_its_name(api: Api) -> None:
    assert 'unknown field "spec.shedule"' in refusal(api, manifest("typo", shedule="@daily"))


def test_a_name_too_long_for_what_is_derived_from_it_is_refused(api: Api) -> None:
    assert "metadata.name" in refusal(api, manifest("n" * 53))
