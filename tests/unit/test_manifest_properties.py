"""Any text gives a result, and a good spec survives YAML and JSON unchanged."""

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.api import ParseResult, parse_manifests

NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
ODD_WORDS = st.sampled_from(
    ["on", "no", "1e3", "0x1f", "2026-12-24", "~", "null", "<<", "=", "&a", "*a", "- x", "k: v"]
)
TEXTS = ODD_WORDS | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
SPECS = st.fixed_dictionaries(
    {"task": st.from_regex(r"[A-Za-z0-9_]([-A-Za-z0-9_./:]{0,20}[A-Za-z0-9_])?", fullmatch=True)},
    optional={
        "schedule": st.sampled_from(["*/5 * * * *", "H H * * *", "@hourly", "@every 90s", "@at 2026-12-24T18:00:00Z"]),
        "timeZone": st.sampled_from(["UTC", "Europe/Paris", "America/St_Johns"]),
        "arguments": st.dictionaries(TEXTS, JSON_VALUES, max_size=3).filter(lambda found: "secretKeyRef" not in found),
        "profile": st.fixed_dictionaries(
            {}, optional={"duration": st.sampled_from(["90s", "2m", "1h30m"]), "memory": st.sampled_from(["1", "8Gi"])}
        ),
        "suspend": st.booleans(),
        "class": st.sampled_from(["Auto", "Light", "Heavy"]),
        "startingDeadlineSeconds": st.none() | st.integers(1, 86400),
        "retry": st.fixed_dictionaries({}, optional={"limit": st.integers(0, 100), "onLost": st.integers(0, 100)}),
    },
)
MANIFEST_LINES = st.sampled_from(
    [
        "apiVersion: scheduledtask.dev/v1alpha1",
        "kind: ScheduledTask",
        "kind: List",
        "items:",
        "- kind: ScheduledTask",
        "metadata: {name: a}",
        "metadata:",
        "  name: b",
        "spec:",
        "  task: a",
        "  class: &x Heavy",
        "  profile: {duration: 5m",
        "  retry: *x",
        "---",
        "...",
        "%YAML 1.1",
        "",
    ]
)


def manifest(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    head = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTask", "metadata": {"name": name}}
    return {**head, "spec": spec}


def check(result: ParseResult) -> None:
    assert result.resources or result.problems
    assert all(str(problem).isprintable() and str(problem) for problem in result.problems)


@given(text=st.text(max_size=200), source=st.sampled_from(["a.yaml", "a.json"]))
def test_any_text_gives_resources_or_problems(text: str, source: str) -> None:
    check(parse_manifests(text, source))


@given(lines=st.lists(MANIFEST_LINES | st.text(max_size=10), max_size=20))
def test_any_lines_of_manifests_give_resources_or_problems(lines: list[str]) -> None:
    check(parse_manifests("\n".join(lines), "a.yaml"))


@given(data=JSON_VALUES, field=st.sampled_from(["metadata", "spec", "kind", "apiVersion", "status", "else"]))
def test_any_value_in_the_place_of_a_field_gives_resources_or_problems(data: Any, field: str) -> None:
    check(parse_manifests(json.dumps({**manifest("a", {"task": "a"}), field: data}), "a.json"))


@given(name=NAMES, spec=SPECS)
def test_a_good_spec_is_the_same_from_yaml_and_from_json(name: str, spec: dict[str, Any]) -> None:
    document = manifest(name, spec)

    texts = {
        "a.yaml": yaml.safe_dump(document),
        "a.json": json.dumps(document),
        "b.json": json.dumps(document, indent="\t"),
    }
    results = [parse_manifests(text, source) for source, text in texts.items()]

    assert [result.problems for result in results] == [()] * 3
    assert results[0].tasks == results[1].tasks == results[2].tasks
    assert results[1].tasks[0].spec.arguments == spec.get("arguments", {})


@given(name=NAMES, spec=SPECS)
def test_a_resource_written_out_reads_as_itself(name: str, spec: dict[str, Any]) -> None:
    (task,) = parse_manifests(json.dumps(manifest(name, spec)), "a.json").tasks

    written = json.dumps(task.model_dump(mode="json"))

    assert parse_manifests(written, "a.json").tasks == (task,)
