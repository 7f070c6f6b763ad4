"""What docs/tasks.md tells a task's author to do works as it stands there."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

from tests.documented_commands import OF_ONES_OWN_TASK, run_by

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"


def block(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert match
    return match[1]


def test_the_first_example_runs_by_the_commands_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "disk_tasks.py").write_text(block("python"))
    (tmp_path / "pyproject.toml").write_text(block("toml"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for name, days in (("old", 10), ("new", 0)):
        (scratch / name).touch()
        os.utime(scratch / name, (time.time() - days * 86400,) * 2)

    shown, ran, debugged = [run(command, tmp_path) for command in run_by(OF_ONES_OWN_TASK)]

    assert "keep_days" in shown.stdout
    assert json.loads(ran.stdout) == {"deleted": 1}
    assert "progress 100 %: old" in ran.stderr
    assert json.loads(debugged.stdout) == {"deleted": 0}
    assert [file.name for file in scratch.iterdir()] == ["new"]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """With a scratch folder of this test's own."""
    words = shlex.split(command.replace("/tmp/scratch", str(folder / "scratch")))
    environment = {key: value for key, value in os.environ.items() if key != "SCHEDULEDTASK_PROJECT"}
    program = [sys.executable, "-m", "scheduledtask_operator.cli", *words[1:]]
    ended = subprocess.run(
        program, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended


def test_every_name_on_the_page_exists() -> None:
    subprocess.run([sys.executable, "-c", block("python")], check=True, timeout=60)
