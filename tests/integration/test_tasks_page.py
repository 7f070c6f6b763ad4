"""What docs/tasks.md tells a task's author to do works as it stands there."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"


def block(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert match
    return match[1]


def test_the_first_example_runs(tmp_path: Path) -> None:
    (tmp_path / "disk_tasks.py").write_text(block("python"))
    (tmp_path / "pyproject.toml").write_text(block("toml"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for name, days in (("old", 10), ("new", 0)):
        (scratch / name).touch()
        os.utime(scratch / name, (time.time() - days * 86400,) * 2)
    environment = {key: value for key, value in os.environ.items() if key != "SCHEDULEDTASK_PROJECT"}
    program = [sys.executable, "-m", "scheduledtask_operator.cli", "run", "temp-cleanup", "--set", f"folder={scratch}"]
    ended = subprocess.run(
        program, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"deleted": 1}
    assert "progress 100 %: old" in ended.stderr
    assert [file.name for file in scratch.iterdir()] == ["new"]


def test_every_name_on_the_page_exists() -> None:
    subprocess.run([sys.executable, "-c", block("python")], check=True, timeout=60)
