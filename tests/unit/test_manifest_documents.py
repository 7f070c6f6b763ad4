"""YAML and JSON, many documents a text, and text that means harm."""

import json

import pytest

from scheduledtask_operator.api import parse_manifests


def manifest(name: str = "report", **spec: object) -> dict[str, object]:
    return {
        "apiVersion": "scheduledtask.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": name},
        "spec": {"task": "report", **spec},
    }


def in_yaml(name: str = "report", more: str = "") -> str:
    return f"""\
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {{name: {name}}}
spec:
  task: report
{more}"""


def test_many_documents_stand_in_one_text_each_with_its_line() -> None:
    result = parse_manifests(f"---\n{in_yaml('a')}---\n# nothing here\n---\n{in_yaml('b')}", "a.yaml")

    assert [(resource.task.metadata.name, resource.line) for resource in result.resources] == [("a", 2), ("b", 10)]
    assert result.problems == ()


def test_json_is_read_with_tabs_escapes_and_several_values() -> None:
    text = json.dumps(manifest("a", arguments={"smile": "\U0001f600"}), indent="\t") + "\n" + json.dumps(manifest("b"))

    result = parse_manifests(text, "a.json")

    assert [(resource.task.metadata.name, resource.line) for resource in result.resources] == [("a", 1), ("b", 14)]
    assert result.resources[0].task.spec.arguments == {"smile": "\U0001f600"}


def test_a_problem_in_json_has_the_line_of_its_field() -> None:
    (problem,) = parse_manifests(json.dumps(manifest(maxConcurrency=0), indent="\t"), "a.json").problems

    assert str(problem) == "a.json:9: spec.maxConcurrency: 0 is less than 1; write 1 or more"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1,}', "a.json:1: is not JSON: "),
        ('{\n"a": nope}', "a.json:2: is not JSON: "),
        ('{"a": NaN}', "a.json:1: holds a number that cannot be used: NaN"),
        ('{"a": 1e999}', "a.json:1: holds a number that cannot be used: 1e999 is too large"),
        ("[" * 100_000, "a.json:1: is "),
    ],
)
def test_broken_json_is_told_with_its_line(text: str, expected: str) -> None:
    (problem,) = parse_manifests(text, "a.json").problems

    assert str(problem).startswith(expected)


def test_yaml_that_only_begins_like_json_is_yaml() -> None:
    text = "{apiVersion: scheduledtask.dev/v1alpha1, kind: ScheduledTask, metadata: {name: a}, spec: {task: a}}"

    assert len(parse_manifests(text, "a.yaml").resources) == 1


def test_a_list_holds_resources_with_lines_of_their_own() -> None:
    text = (
        f"apiVersion: v1\nkind: List\nitems:\n- {json.dumps(manifest('a'))}\n- {json.dumps(manifest('b', clas='x'))}\n"
    )

    result = parse_manifests(text, "a.yaml")

    assert [(resource.task.metadata.name, resource.line) for resource in result.resources] == [("a", 4)]
    assert [str(problem) for problem in result.problems] == [
        "a.yaml:5: spec.clas: is no field of ScheduledTask; did you mean class?"
    ]


def test_other_kinds_are_left_alone_with_a_notice() -> None:
    result = parse_manifests(f"apiVersion: v1\nkind: ConfigMap\n---\n{in_yaml()}", "a.yaml")

    assert result.problems == ()
    assert [str(notice) for notice in result.notices] == ['a.yaml:1: kind "ConfigMap" is not ours and was left alone']
    assert len(result.resources) == 1


def test_two_documents_of_one_name_are_told_with_both_places() -> None:
    result = parse_manifests(f"{in_yaml('a')}---\n{in_yaml('a')}", "a.yaml")

    assert [str(problem) for problem in result.problems] == [
        "a.yaml:9: metadata.name: default/a is already defined at a.yaml:1; "
        "remove one of the two, or give it another name"
    ]
    assert len(result.resources) == 1


def test_one_name_in_two_namespaces_is_two_resources() -> None:
    other = in_yaml("a").replace("{name: a}", "{name: a, namespace: other}")

    assert len(parse_manifests(f"{in_yaml('a')}---\n{other}", "a.yaml").resources) == 2


def test_a_key_that_is_there_twice_is_a_problem_of_its_document_alone() -> None:
    result = parse_manifests(f"{in_yaml('a', '  task: other')}\n---\n{in_yaml('b')}", "a.yaml")

    assert [str(problem) for problem in result.problems] == [
        "a.yaml:6: spec.task: is there twice, first on line 5; keep one of the two"
    ]
    assert [resource.task.metadata.name for resource in result.resources] == ["b"]


def test_a_key_that_is_there_twice_in_json_is_a_problem() -> None:
    text = json.dumps(manifest()).replace('"task"', '"task": "x", "task"')

    (problem,) = parse_manifests(text, "a.json").problems

    assert "is there twice" in str(problem)


def test_a_key_that_is_there_twice_beside_escapes_that_yaml_lacks_is_a_problem() -> None:
    text = json.dumps(manifest(arguments={"smile": "\U0001f600"})).replace('"smile"', '"smile": "", "smile"')

    (problem,) = parse_manifests(text, "a.json").problems

    assert "is there twice" in str(problem)


def test_broken_yaml_keeps_the_documents_before_it() -> None:
    result = parse_manifests(f"{in_yaml('a')}---\nspec: [\nb: 1\n", "a.yaml")

    (problem,) = result.problems
    assert str(problem).startswith("a.yaml:9: is not YAML: while parsing a flow")
    assert len(result.resources) == 1


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("on: 1", "a.yaml:6: spec: has the key on, a boolean and not text; put it in quotes"),
        ("[a]: 1", "a.yaml:6: spec: has a key that is not text; write a name before the colon"),
        ("schedule: .inf", 'a.yaml:6: spec.schedule: ".inf" has no form in JSON; put it in quotes'),
        (
            "schedule: 2026-99-99",
            'a.yaml:6: spec.schedule: "2026-99-99" is not what its form promises; put it in quotes',
        ),
        ("schedule: !!binary aGVsbG8=", 'a.yaml:6: spec.schedule: "aGVsbG8=" has no form in JSON; put it in quotes'),
        ("schedule: !python x", 'a.yaml:6: spec.schedule: "x" is not what its form promises; put it in quotes'),
        ("arguments: !!set {a}", "a.yaml:6: spec.arguments: the tag tag:yaml.org,2002:set has no form in JSON"),
        ("schedule: *nowhere", "a.yaml:6: spec.schedule: *nowhere names no anchor before it; write &nowhere there"),
        ("<<: 5", "a.yaml:6: spec.<<: takes a mapping, or a list of them; write an alias of one"),
    ],
)
def test_yaml_that_has_no_form_in_json_is_refused(field: str, expected: str) -> None:
    (problem,) = parse_manifests(in_yaml(more=f"  {field.replace('spec.<<', '<<')}\n"), "a.yaml").problems

    assert str(problem).startswith(expected.replace("spec.<<", 'spec["<<"]'))


def test_anchors_and_merge_keys_work_and_own_keys_win() -> None:
    text = in_yaml(more="  arguments:\n    base: &base {a: 1, b: 2}\n    mine: {<<: *base, b: 3}\n    same: *base\n")

    (resource,) = parse_manifests(text, "a.yaml").resources

    assert resource.task.spec.arguments["mine"] == {"a": 1, "b": 3}
    assert resource.task.spec.arguments["same"] == {"a": 1, "b": 2}


def test_a_bad_value_behind_an_alias_has_the_line_of_the_alias() -> None:
    text = in_yaml(more="  arguments: &bad {memory: 8GB}\n  profile: *bad\n")

    (problem,) = parse_manifests(text, "a.yaml").problems

    assert str(problem).startswith('a.yaml:7: spec.profile.memory: "8GB" is not an amount of memory')


def test_a_billion_laughs_end_early() -> None:
    laughs = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    (problem,) = parse_manifests("\n".join(laughs), "a.yaml").problems

    assert "repeats more than 10000 values through aliases; write them out" in str(problem)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_beyond_reason_is_refused(opening: str) -> None:
    (problem,) = parse_manifests(opening * 20_000, "a.yaml").problems

    assert "64 levels deep; flatten it" in str(problem) or "is not YAML" in str(problem)


@pytest.mark.parametrize("text", ["a: \x00", "a: \ud800", "\x07", "a: \x7f\n"])
def test_characters_that_yaml_does_not_know_are_a_problem(text: str) -> None:
    assert len(parse_manifests(text, "a.yaml").problems) == 1
