"""`scheduledtask validate` says each thing that is wrong in one line with place, field, value and fix; exit code 2."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "apiVersion: scheduledtask.dev/v1alpha1\nkind: ScheduledTask\nmetadata: {name: check}\n"
GOOD = HEAD + "spec: {schedule: '@hourly', task: system-health}\n"


def scheduledtask(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scheduledtask_operator.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def problems_of(folder: Path, *texts: str) -> list[str]:
    """The error lines for these files, which must be all that is said, with exit code 2."""
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text)
    answer = scheduledtask("validate", "-f", folder)
    assert answer.returncode == 2
    assert answer.stdout == ""
    lines = answer.stderr.splitlines()
    assert lines
    assert all(line.startswith("error: ") for line in lines), answer.stderr
    return lines


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("{task: system-heath}", ["spec.task", '"system-heath"', "did you mean system-health?"]),
        (
            "{task: database-cleanup, arguments: {url: 'sqlite:///a', age_column: at, max_age: 1d}}",
            ["spec.arguments.table", "required"],
        ),
        ("{task: system-health, arguments: {cpu_percent: 101}}", ["spec.arguments.cpu_percent", "101", "100"]),
        ("{task: system-health, arguments: {cpu: 5}}", ["spec.arguments.cpu", "5", "cpu_percent"]),
        ("{task: system-health, schedule: '61 * * * *'}", [":4:", "spec.schedule", "61", "59"]),
        ("{task: system-health, schedule: '0 0 30 2 *'}", ["spec.schedule", "0 0 30 2 *"]),
        ("{task: system-health, timeZone: Europe/Pariss}", ["spec.timeZone", "Europe/Pariss", "Europe/Paris"]),
        ("{task: system-health, schedul: '@daily'}", [":4:", "schedul", "did you mean", "schedule"]),
        (
            "{task: system-health, triggers: [{scheduledTask: check, outcomes: [Failed]}]}",
            ["spec.triggers", "round for ever", "check -> check"],
        ),
        ("{task: model-training, class: Light}", ["spec.class", "Light", "Auto or Heavy"]),
    ],
)
def test_a_wrong_value_is_named_with_its_field_and_the_fix(tmp_path: Path, spec: str, parts: list[str]) -> None:
    (line,) = problems_of(tmp_path, f"{HEAD}spec: {spec}\n")

    assert f"{tmp_path}/0.yaml:" in line
    for part in parts:
        assert part in line


def test_every_problem_of_every_file_is_said_at_once(tmp_path: Path) -> None:
    lines = problems_of(tmp_path, GOOD, f"{HEAD}spec: {{task: nope, schedule: '99 * * * *'}}\n", "a: [\n")

    assert len(lines) >= 2
    assert any("1.yaml" in line for line in lines)
    assert any("2.yaml" in line for line in lines)


def test_two_documents_of_one_name_are_refused_with_both_places(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, GOOD, GOOD)

    assert "0.yaml:1" in line
    assert "1.yaml:3" in line
    assert "default/check" in line


def test_broken_yaml_gives_file_and_line(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, HEAD + "spec: {task: [\n")

    assert "0.yaml:" in line


def test_an_empty_directory_is_an_error_that_says_what_is_looked_for(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path)

    assert str(tmp_path) in line
    assert ".yaml" in line


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    answer = scheduledtask("validate", "-f", tmp_path / "nowhere.yaml")

    assert answer.returncode == 2
    assert "nowhere.yaml" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_good_manifests_are_listed_with_their_class(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)

    answer = scheduledtask("validate", "-f", tmp_path)

    assert answer.returncode == 0
    assert answer.stderr == ""
    assert "default/check" in answer.stdout
    assert "Light" in answer.stdout


def test_json_carries_the_problems_too(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(f"{HEAD}spec: {{task: nope}}\n")

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


def run_of(task: str, arguments: str = "{}") -> str:
    head = GOOD_RUN_HEAD.replace("NAME", task)
    return f"{head}spec: {{scheduledTask: {task}, arguments: {arguments}}}\n"


GOOD_RUN_HEAD = "apiVersion: scheduledtask.dev/v1alpha1\nkind: ScheduledTaskRun\nmetadata: {name: NAME-now}\n"


def test_requests_for_runs_are_checked_beside_what_they_run(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"{GOOD}---\n{run_of('check')}---\n{run_of('elsewhere', '{any: thing}')}")

    answer = scheduledtask("validate", "-f", tmp_path)

    assert answer.returncode == 0, answer.stderr
    assert "default/check-now" in answer.stdout
    assert "default/elsewhere-now" in answer.stdout


def test_a_request_whose_arguments_the_task_does_not_take_is_named(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, f"{GOOD}---\n{run_of('check', '{cpu_percent: 101}')}")

    assert "0.yaml:6: spec.arguments.cpu_percent" in line
