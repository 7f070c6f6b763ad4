"""A scheduler and its runners as the programs that they are, over a real server, with a count of what bodies did."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.integration.scheduler.control_plane import ControlPlane

from scheduledtask_workloads.contract import Job, JobSchedule, RetryPolicy, TaskClass

MISBEHAVING = Path(__file__).parents[2] / "projects" / "misbehaving"
QUICK_LEASE_SECONDS = 3.0


class Rig:
    """Everything that it starts, it ends."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self._folder = folder
        self._redis_url = redis_url
        self._sockets = tempfile.TemporaryDirectory(prefix="rig-")  # a socket's path must be short
        self.journal = folder / "journal.jsonl"
        self._started: list[subprocess.Popen[bytes]] = []
        self._controls: list[ControlPlane] = []
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.runners: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stuck = [process.args for process in self._started if not _ended(process)]
        for control in self._controls:
            control.close()
        self._sockets.cleanup()
        assert not stuck, f"did not end on SIGTERM: {stuck}"

    @property
    def control_socket(self) -> Path:
        return Path(self._sockets.name) / "control"

    @property
    def log(self) -> str:
        return (self._folder / "scheduler.log").read_text()

    def start(self) -> ControlPlane:
        """Both, and the runners are ready: a slot that waits for them would overlap with the next."""
        self.start_runners()
        control = self.start_scheduler()
        control.await_true(lambda: control.status().runners_connected)
        return control

    def start_scheduler(self, *options: str) -> ControlPlane:
        runners_socket = str(Path(self._sockets.name) / "runners")
        self.scheduler = self._start(
            "scheduler",
            *("--control-socket", str(self.control_socket), "--runners-socket", runners_socket),
            *("--redis-url", self._redis_url, "--lease-seconds", str(QUICK_LEASE_SECONDS), *options),
        )
        return self.connect()

    def connect(self) -> ControlPlane:
        control = ControlPlane(self.control_socket)
        self._controls.append(control)
        return control

    def start_runners(self, processes: int = 2) -> None:
        socket = str(Path(self._sockets.name) / "runners")
        self.runners = self._start("runners", "--socket", socket, "--processes", str(processes), "--grace", "1s")

    def kill_scheduler(self) -> None:
        _kill(self.scheduler)

    def kill_runners(self) -> None:
        _kill(self.runners)

    def bodies(self, name: str) -> list[dict[str, Any]]:
        """What the bodies of a task wrote: `event` begin and end, `run_id`, `attempt`, `slot`, `at`."""
        if not self.journal.exists():
            return []
        lines = self.journal.read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["name"] == name]

    def begun(self, name: str) -> list[str]:
        """The run of each body that began."""
        return [event["run_id"] for event in self.bodies(name) if event["event"] == "begin"]

    def completed(self, name: str) -> list[str]:
        return [event["run_id"] for event in self.bodies(name) if event["event"] == "end"]

    def await_true(self, condition: Callable[[], object], what: str, deadline_seconds: float = 20.0) -> None:
        end = time.monotonic() + deadline_seconds
        while not condition():
            assert time.monotonic() < end, f"not within {deadline_seconds} s: {what}\n{self.log[-3000:]}"
            time.sleep(0.02)

    def doubled(self, name: str) -> list[str]:
        """Runs with overlapping bodies, or more than one that completed; where no body was killed."""
        open_bodies: dict[str, int] = defaultdict(int)
        completed: dict[str, int] = defaultdict(int)
        doubled = set()
        for event in self.bodies(name):
            run_id = event["run_id"]
            open_bodies[run_id] += 1 if event["event"] == "begin" else -1
            completed[run_id] += event["event"] == "end"
            if open_bodies[run_id] > 1 or completed[run_id] > 1:
                doubled.add(run_id)
        return sorted(doubled)

    def _start(self, verb: str, *arguments: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "SCHEDULEDTASK_PROJECT": str(MISBEHAVING),
            "SCHEDULEDTASK_BODY_JOURNAL": str(self.journal),
        }
        command = [sys.executable, "-m", "scheduledtask_operator.cli", verb, *arguments]
        with (self._folder / f"{verb}.log").open("ab") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._started.append(process)
        return process


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """By itself, after SIGTERM."""
    if process.poll() is not None:
        return True
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        _kill(process)
        return False
    return True


def _kill(process: subprocess.Popen[bytes] | None) -> None:
    assert process is not None
    process.kill()
    process.wait()


def light_job(name: str, task: str = "nothing", *, every: str | None = "* * * * * *", **fields: Any) -> Job:
    """A misbehaving light task, each second from now on; `effective_from` may be put back to age it."""
    effective_from = int(fields.pop("effective_from", time.time()))
    schedule = JobSchedule(expression=every, effective_from_epoch_seconds=effective_from) if every else None
    return Job(
        namespace="team",
        name=name,
        task_class=TaskClass.LIGHT,
        task=f"light-{task}",
        schedule=schedule,
        **{"retry": RetryPolicy(backoff_seconds=0.1), **fields},
    )


def heavy_job(name: str, task: str = "nothing", **fields: Any) -> Job:
    return light_job(name, task, **fields).model_copy(
        update={"task_class": TaskClass.HEAVY, "task": f"heavy-{task}", "pool": "big"}
    )
