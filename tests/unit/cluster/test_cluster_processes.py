"""Processes that outlive their starter are found again by what was written down, and no other is ever ended."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.cluster.commands import wait_until
from tests.cluster.processes import Processes

SLEEP = ["sleep", "60"]
STUBBORN = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    kept = Processes(tmp_path)
    yield kept
    kept.stop(*kept.names())


def await_command(process: psutil.Process, command: list[str]) -> None:
    """A new process has no command line for a moment: Linux lets its parent go on before that is in place."""
    wait_until(f"the command of process {process.pid}", lambda: process.cmdline() == command, timeout_seconds=10)


def test_another_look_at_the_folder_finds_them(processes: Processes, tmp_path: Path) -> None:
    processes.ensure("one", SLEEP)

    found = Processes(tmp_path).find("one")

    assert found is not None
    await_command(found, SLEEP)


def test_one_that_runs_is_not_started_twice(processes: Processes) -> None:
    processes.ensure("one", SLEEP)
    first = processes.find("one")
    processes.ensure("one", SLEEP)

    assert processes.find("one") == first


def test_one_that_was_stopped_starts_again_with_its_command(processes: Processes) -> None:
    processes.ensure("one", SLEEP)
    processes.stop("one")
    assert processes.find("one") is None

    processes.start_again("one")

    again = processes.find("one")
    assert again is not None
    await_command(again, SLEEP)


def test_one_that_ignores_being_asked_is_killed(processes: Processes) -> None:
    processes.ensure("deaf", STUBBORN)

    processes.stop("deaf")

    assert processes.find("deaf") is None


def test_one_that_inherited_an_id_is_left_alone(processes: Processes, tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEP)
    try:
        record = {"command": SLEEP, "pid": stranger.pid, "born": 1.0}
        (tmp_path / "old.json").write_text(json.dumps(record))

        processes.stop("old")

        assert processes.find("old") is None
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
