"""What examples/own-task/README.md tells a stranger to do, done."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "own-task"


@pytest.fixture
def project() -> Path:
    return EXAMPLE


def scheduledtask(folder, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scheduledtask_operator.cli", *arguments]
    return subprocess.run(command, cwd=folder.root, capture_output=True, text=True, timeout=60, check=False)


def test_it_runs_and_follows_edits_of_manifest_and_code(folder, start) -> None:
    manifest, code = folder.root / "free-space.yaml", folder.root / "own_task.py"
    dev = start()
    seen = dev.said("default/free-space Succeeded")

    manifest.write_text(manifest.read_text().replace('"*/2 * * * * *"', '"*/3 * * * * *"'))
    seen = dev.said("default/free-space changed", after=seen)
    seen = dev.said("default/free-space Succeeded", after=seen)

    good = code.read_text()
    code.write_text(good.replace("if free_percent < at_least_percent:", "if free_percent < 101:"))
    seen = dev.said("default/free-space Failed .*% free, less than", after=seen)

    code.write_text(good.replace("import shutil", "import shutils"))
    seen = dev.said("error: .*shutils", after=seen)
    dev.said("default/free-space Failed", after=seen)


def test_one_run_here_and_now_says_why_it_failed(folder) -> None:
    answer = scheduledtask(folder, "run", "free-space", "--set", "at_least_percent=99.99")

    assert answer.returncode == 1
    assert "less than 99.99 %" in answer.stderr


def test_explain_and_validate_find_the_task_in_its_folder(folder) -> None:
    explained = scheduledtask(folder, "explain", "-f", "free-space.yaml", "--output", "json")
    validated = scheduledtask(folder, "validate", "-f", ".")

    assert [task["class"] for task in json.loads(explained.stdout)] == ["Light"]
    assert validated.returncode == 0, validated.stderr
