"""`scheduledtask tasks`, as a person calls it."""

import json
import os
import subprocess
from pathlib import Path

from tests.called_program import scheduledtask

REPOSITORY = Path(__file__).parents[2]
OWN_TASK = REPOSITORY / "examples" / "own-task"


def call(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "SCHEDULEDTASK_PROJECT"}
    return scheduledtask("tasks", *arguments, folder=folder, environment=environment | {"COLUMNS": "200"})


def test_the_list_says_what_each_task_takes(tmp_path: Path) -> None:
    ended = call(folder=tmp_path)
    rows = {line.split()[0]: line.split()[1:4] for line in ended.stdout.splitlines()}

    assert ended.returncode == 0
    assert rows["Name"] == ["Light", "Duration", "Memory"]
    assert rows["system-health"] == ["yes", "5s", "50M"]
    assert rows["model-training"] == ["no", "2h", "8Gi"]


def test_a_project_in_the_folder_is_part_of_the_catalog() -> None:
    assert "free-space" in call(folder=OWN_TASK).stdout


def test_a_task_shows_its_arguments(tmp_path: Path) -> None:
    ended = call("model-training", folder=tmp_path)

    assert ended.returncode == 0
    assert "ResultTracking" in ended.stdout
    assert "integer 2..20" in ended.stdout
    assert "Parts of the cross-validation." in ended.stdout


def test_json_is_the_catalog_document(tmp_path: Path) -> None:
    everything = json.loads(call("--output", "json", folder=tmp_path).stdout)
    one = json.loads(call("system-health", "--output", "json", folder=tmp_path).stdout)

    assert one in everything["tasks"]
    assert one["arguments_schema"]["properties"]["cpu_percent"]["maximum"] == 100


def test_an_unknown_task_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    ended = call("model-trainin", folder=tmp_path)

    assert ended.returncode == 2
    assert ended.stderr == "error: NAME: no task 'model-trainin'; did you mean model-training?\n"
    assert ended.stdout == ""


def test_a_broken_entry_point_is_a_warning_and_the_rest_is_listed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project.entry-points."scheduledtask.tasks"]\nmine = "my_tasks"\n')
    ended = call(folder=tmp_path)

    assert ended.returncode == 0
    assert ended.stderr == (
        f"warning: mine of {tmp_path}/pyproject.toml: "
        "importing my_tasks failed: ModuleNotFoundError: No module named 'my_tasks'\n"
    )
    assert "system-health" in ended.stdout
