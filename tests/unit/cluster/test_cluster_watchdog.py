"""What a test run started ends with it, also when it is killed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.commands import wait_until
from tests.cluster.processes import Processes
from tests.cluster.watchdog import ROOT, ended_with_us

SLEEP = ["sleep", "60"]
STARTER = """
import sys, time
from pathlib import Path
from tests.cluster.watchdog import ended_with_us
with ended_with_us(Path(sys.argv[1])) as processes:
    processes.ensure("one", ["sleep", "60"])
    print("started", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", STARTER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        yield process
        process.kill()


def test_who_is_killed_leaves_no_process_and_no_folder(starter: subprocess.Popen[str], tmp_path: Path) -> None:
    found = Processes(tmp_path / "processes").find("one")
    assert found is not None

    starter.kill()

    wait_until("the end of what it started", lambda: not found.is_running(), timeout_seconds=30)
    wait_until("the end of the folder", lambda: not tmp_path.exists(), timeout_seconds=30)


def test_the_end_of_the_block_is_the_end_of_its_processes(tmp_path: Path) -> None:
    with ended_with_us(tmp_path) as processes:
        processes.ensure("one", SLEEP)
        found = processes.find("one")

    assert found is not None
    assert not found.is_running() or found.status() == "zombie"
