"""Doubled is counted from what bodies wrote, and from whether their processes still run."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scheduledtask_operator.local.body_journal import BodyJournal
from scheduledtask_workloads.contract import TaskKey

KEY = TaskKey("default", "training")
SLOT = 1_780_000_000


class Bodies:
    """Writes what bodies write."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.touch()
        self.journal = BodyJournal(file)

    def line(self, event: str, *, attempt: int, pid: int, at: float, state: str = "Started") -> str:
        line = {"event": event, "namespace": "default", "name": "training", "run_id": f"training-{SLOT}"}
        line |= {"attempt": attempt, "slot": SLOT, "pid": pid, "at": at, "state": state}
        return json.dumps(line) + "\n"

    def write(self, event: str, *, attempt: int, pid: int, at: float, state: str = "Started") -> None:
        with self.file.open("a") as stream:
            stream.write(self.line(event, attempt=attempt, pid=pid, at=at, state=state))
        self.journal.read()

    def doubled(self) -> bool:
        return self.journal.doubled(KEY) == {SLOT}


@pytest.fixture
def bodies(tmp_path: Path) -> Bodies:
    return Bodies(tmp_path / "bodies.ndjson")


@pytest.fixture
def process():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield child
    child.kill()
    child.wait()


def test_one_body_is_no_double(bodies: Bodies) -> None:
    bodies.write("begin", attempt=1, pid=1, at=10.0)
    bodies.write("end", attempt=1, pid=1, at=11.0, state="Succeeded")

    assert not bodies.doubled()


def test_a_retry_after_a_failure_is_no_double(bodies: Bodies) -> None:
    bodies.write("begin", attempt=1, pid=1, at=10.0)
    bodies.write("end", attempt=1, pid=1, at=11.0, state="Failed")
    bodies.write("begin", attempt=2, pid=1, at=12.0)
    bodies.write("end", attempt=2, pid=1, at=13.0, state="Succeeded")

    assert not bodies.doubled()


def test_two_that_completed_are_a_double(bodies: Bodies) -> None:
    for attempt in (1, 2):
        bodies.write("begin", attempt=attempt, pid=1, at=10.0 * attempt)
        bodies.write("end", attempt=attempt, pid=1, at=10.0 * attempt + 1, state="Succeeded")

    assert bodies.doubled()


def test_a_killed_body_had_ended_when_the_next_one_began(bodies: Bodies, process) -> None:
    bodies.write("begin", attempt=1, pid=process.pid, at=10.0)
    process.kill()
    process.wait()
    bodies.write("begin", attempt=2, pid=1, at=20.0)
    bodies.write("end", attempt=2, pid=1, at=21.0, state="Succeeded")

    assert not bodies.doubled()


def test_a_killed_body_that_nobody_has_reaped_has_ended_too(bodies: Bodies, process) -> None:
    bodies.write("begin", attempt=1, pid=process.pid, at=10.0)
    process.kill()
    deadline = time.monotonic() + 10
    while list(bodies.journal.open_pids()) and time.monotonic() < deadline:
        time.sleep(0.01)
    bodies.write("begin", attempt=2, pid=1, at=20.0)

    assert not bodies.doubled()


def test_a_body_that_still_runs_when_the_next_begins_is_a_double(bodies: Bodies, process) -> None:
    bodies.write("begin", attempt=1, pid=process.pid, at=10.0)
    assert list(bodies.journal.open_pids()) == [process.pid]
    bodies.write("begin", attempt=2, pid=1, at=20.0)

    assert bodies.doubled()


def test_bodies_whose_times_cross_are_a_double_whatever_the_order_of_the_lines(bodies: Bodies) -> None:
    bodies.write("begin", attempt=1, pid=1, at=10.0)
    bodies.write("end", attempt=1, pid=1, at=15.0, state="Failed")
    bodies.write("begin", attempt=2, pid=1, at=14.0)

    assert bodies.doubled()


def test_half_a_line_waits_for_its_other_half(bodies: Bodies, process) -> None:
    whole = bodies.line("begin", attempt=1, pid=process.pid, at=10.0)
    for part in (whole[:30], whole[30:]):
        with bodies.file.open("a") as stream:
            stream.write(part)
        bodies.journal.read()

    assert list(bodies.journal.open_pids()) == [process.pid]


def test_a_torn_line_is_passed_over(bodies: Bodies, process) -> None:
    bodies.file.write_text('{"event": "begin", "names\n')
    bodies.write("begin", attempt=1, pid=process.pid, at=10.0)

    assert list(bodies.journal.open_pids()) == [process.pid]
