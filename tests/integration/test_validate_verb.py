"""`scheduledtask validate` says each thing that is wrong in one line with place, field, value and fix; exit code 2."""

import json
import re
from pathlib import Path

import pytest
from tests.called_program import scheduledtask

API_VERSION = "apiVersion: scheduledtask.dev/v1alpha1"


def head_of(name: str) -> str:
    return f"{API_VERSION}\nkind: ScheduledTask\nmetadata: {{name: {name}}}\n"


def run_of(task: str, arguments: str = "{}") -> str:
    head = f"{API_VERSION}\nkind: ScheduledTaskRun\nmetadata: {{name: {task}-now}}\n"
    return f"{head}spec: {{scheduledTask: {task}, arguments: {arguments}}}\n"


GOOD = f"{head_of('check')}spec: {{schedule: '@hourly', task: system-health}}\n"


def problems_of(folder: Path) -> list[str]:
    """The error lines for what lies in this folder, which must be all that is said, with exit code 2."""
    answer = scheduledtask("validate", "-f", folder)
    assert answer.returncode == 2
    assert answer.stdout == ""
    lines = answer.stderr.splitlines()
    assert lines
    assert all(line.startswith("error: ") for line in lines), answer.stderr
    return lines


WRONG_VALUES = {
    "unknown-task": ("{task: system-heath}", ["spec.task", '"system-heath"', "did you mean system-health?"]),
    "missing-argument": (
        "{task: database-cleanup, arguments: {url: 'sqlite:///a', tables: [{age_column: at, max_age: 1d}]}}",
        ["spec.arguments.tables.0.table", "required"],
    ),
    "argument-too-large": (
        "{task: system-health, arguments: {cpu_percent: 101}}",
        ["spec.arguments.cpu_percent", "101", "100"],
    ),
    "unknown-argument": ("{task: system-health, arguments: {cpu: 5}}", ["spec.arguments.cpu", "5", "cpu_percent"]),
    "wrong-schedule": ("{task: system-health, schedule: '61 * * * *'}", [":4:", "spec.schedule", "61", "59"]),
    "schedule-of-never": ("{task: system-health, schedule: '0 0 30 2 *'}", ["spec.schedule", "0 0 30 2 *"]),
    "unknown-zone": (
        "{task: system-health, timeZone: Europe/Pariss}",
        ["spec.timeZone", "Europe/Pariss", "Europe/Paris"],
    ),
    "unknown-field": ("{task: system-health, schedul: '@daily'}", [":4:", "schedul", "did you mean", "schedule"]),
    "circle": (
        "{task: system-health, triggers: [{scheduledTask: circle, outcomes: [Failed]}]}",
        ["spec.triggers", "round for ever", "circle -> circle"],
    ),
    "impossible-class": ("{task: model-training, class: Light}", ["spec.class", "Light", "Auto or Heavy"]),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What one `validate` says of a folder of files, each wrong in its own way: each file's lines, and no others."""
    folder = tmp_path_factory.mktemp("wrong")
    files = {name: f"{head_of(name)}spec: {spec}\n" for name, (spec, _) in WRONG_VALUES.items()}
    files |= {
        "first": GOOD,
        "twice": GOOD,
        "good": f"{head_of('good')}spec: {{task: system-health}}\n",
        "several": f"{head_of('one')}spec: {{task: nope}}\n---\n{head_of('two')}spec: {{task: none}}\n",
        "no-documents": "a: [\n",
        "broken": f"{head_of('broken')}spec: {{task: [\n",
        "request": f"{head_of('asked')}spec: {{task: system-health}}\n---\n{run_of('asked', '{cpu_percent: 101}')}",
    }
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    lines = problems_of(folder)
    places = [line.removeprefix(f"error: {folder}/") for line in lines]
    by_file = {name: [place for place in places if place.startswith(f"{name}.yaml:")] for name in files}
    assert sum(map(len, by_file.values())) == len(lines), lines
    return by_file


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_a_wrong_value_is_named_with_its_field_and_the_fix(said: dict[str, list[str]], name: str) -> None:
    (line,) = said[name]

    for part in WRONG_VALUES[name][1]:
        assert part in line


def test_every_problem_of_every_file_is_said_at_once(said: dict[str, list[str]]) -> None:
    assert [line.split(" ")[0] for line in said["several"]] == ["several.yaml:1:", "several.yaml:6:"]
    assert len(said["no-documents"]) == 1
    assert said["good"] == []


def test_two_documents_of_one_name_are_refused_with_both_places(said: dict[str, list[str]]) -> None:
    (line,) = said["first"] + said["twice"]

    assert "first.yaml:1" in line
    assert "twice.yaml:3" in line
    assert "default/check" in line


def test_broken_yaml_gives_file_and_line(said: dict[str, list[str]]) -> None:
    assert len(said["broken"]) == 1


def test_a_request_whose_arguments_the_task_does_not_take_is_named(said: dict[str, list[str]]) -> None:
    (line,) = said["request"]

    assert "request.yaml:6: spec.arguments.cpu_percent" in line


def test_an_empty_directory_is_an_error_that_says_what_is_looked_for(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path)

    assert str(tmp_path) in line
    assert ".yaml" in line


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    answer = scheduledtask("validate", "-f", tmp_path / "nowhere.yaml")

    assert answer.returncode == 2
    assert "nowhere.yaml" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_good_manifests_are_listed_with_their_class_and_requests_beside_what_they_run(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(f"{GOOD}---\n{run_of('check')}---\n{run_of('elsewhere', '{any: thing}')}")

    answer = scheduledtask("validate", "-f", tmp_path)

    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    assert re.search(r"^default/check +Light ", answer.stdout, re.MULTILINE)
    assert "default/check-now" in answer.stdout
    assert "default/elsewhere-now" in answer.stdout


def test_json_carries_the_problems_too(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(f"{head_of('check')}spec: {{task: nope}}\n")

    answer = scheduledtask("validate", "-f", tmp_path, "--output", "json")

    assert answer.returncode == 2
    document = json.loads(answer.stdout)
    assert document["valid"] is False
    assert "spec.task" in document["problems"][0]


def test_explain_shows_each_criterion_with_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)

    answer = scheduledtask("explain", "-f", tmp_path / "good.yaml", "--output", "json")

    (task,) = json.loads(answer.stdout)
    assert task["class"] == "Light"
    assert {"name": "runtime", "found": "5s", "limit": "under 5m", "holds": True} in task["criteria"]
    assert len(task["criteria"]) == 8


def test_a_project_that_cannot_be_imported_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "own"\nversion = "1"\n[project.entry-points."scheduledtask.tasks"]\nown = "own_broken"\n'
    )
    (tmp_path / "own_broken.py").write_text("import does_not_exist\n")

    (line,) = problems_of(tmp_path)

    assert "own_broken" in line
    assert "does_not_exist" in line


def test_an_unknown_verb_is_one_line_and_exit_code_2() -> None:
    answer = scheduledtask("explode")

    assert answer.returncode == 2
    assert "explode" in answer.stderr
    assert "Traceback" not in answer.stderr
