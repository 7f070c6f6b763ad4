"""The runners program as a child process, and a scheduler's end of its socket."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, RunOrder, TaskClass
from scheduledtask_workloads.contract.framing import encode
from scheduledtask_workloads.contract.messages import (
    AttemptEnded,
    AttemptStarted,
    ReportAcknowledged,
    RunnersHello,
    RunnersToScheduler,
    SchedulerToRunnersHello,
    StartRun,
    runners_to_scheduler,
)
from scheduledtask_workloads.contract.model import Message

MISBEHAVING = Path(__file__).parent / "projects" / "misbehaving"
DEADLINE_SECONDS = 30.0


def light_order(task: str, *, namespace: str = "team", run_id: str = "", **options: Any) -> RunOrder:
    """An order for a misbehaving light task; `options` are arguments, and fields of RunOrder behind `order_`."""
    fields = {name.removeprefix("order_"): options.pop(name) for name in list(options) if name.startswith("order_")}
    run_id = run_id or f"{task}-{time.monotonic_ns()}"
    ref = AttemptRef(namespace=namespace, name=task, run_id=run_id, attempt=1, fence=1)
    return RunOrder(ref=ref, task_class=TaskClass.LIGHT, task=f"light-{task}", arguments=options, **fields)


def await_true(condition: Callable[[], object], what: str, deadline_seconds: float = DEADLINE_SECONDS) -> None:
    """Raises AssertionError that says `what` did not come about."""
    deadline = time.monotonic() + deadline_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {deadline_seconds:g} s: {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def left_pids(path: Path) -> list[int]:
    """The processes that bodies left behind, as they wrote them."""
    return [json.loads(line)["pid"] for line in path.read_text().splitlines()] if path.exists() else []


class SchedulerEnd:
    """A scheduler's connection; everything that was ever said is kept in `heard`."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(DEADLINE_SECONDS)
        self._socket.connect(str(path))
        self._rest = b""
        self.heard: list[RunnersToScheduler] = []
        self.send(SchedulerToRunnersHello())
        hello = self.hear()
        assert isinstance(hello, RunnersHello)
        self.hello = hello

    def send(self, *messages: Message) -> None:
        self.send_raw(encode(messages))

    def send_raw(self, data: bytes) -> None:
        self._socket.sendall(data)

    def start(self, order: RunOrder) -> AttemptRef:
        self.send(StartRun(order=order))
        return order.ref

    def hear(self) -> RunnersToScheduler:
        """The next message. Raises EOFError when the runners hang up."""
        while b"\n" not in self._rest:
            data = self._socket.recv(65536)
            if not data:
                raise EOFError
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        message = runners_to_scheduler.validate_json(line)
        self.heard.append(message)
        return message

    def started(self, ref: AttemptRef) -> AttemptStarted:
        """Wait until the body has begun."""
        return self._await(lambda message: isinstance(message, AttemptStarted) and message.ref == ref)

    def ended(self, ref: AttemptRef) -> AttemptReport:
        """Wait for the report, without acknowledging it."""
        message = self._await(lambda message: isinstance(message, AttemptEnded) and message.report.ref == ref)
        report: AttemptReport = message.report
        return report

    def run(self, order: RunOrder) -> AttemptReport:
        """Start it, wait for its end, acknowledge."""
        report = self.ended(self.start(order))
        self.send(ReportAcknowledged(ref=order.ref))
        return report

    def await_hang_up(self) -> None:
        try:
            while True:
                self.hear()
        except (EOFError, ConnectionResetError):
            return

    def close(self) -> None:
        self._socket.close()

    def _await(self, wanted: Callable[[RunnersToScheduler], bool]) -> Any:
        for message in self.heard:
            if wanted(message):
                return message
        while not wanted(message := self.hear()):
            pass
        return message


class RunnersProgram:
    """`scheduledtask runners` on a socket of its own; a context manager that leaves no process behind."""

    def __init__(
        self, folder: Path, *options: str, project: Path = MISBEHAVING, environment: dict[str, str] | None = None
    ) -> None:
        self.socket = folder / "runners.sock"
        self.log = folder / "runners.log"
        self._command = [str(Path(sys.executable).with_name("scheduledtask")), "runners", "--socket", str(self.socket)]
        self._command += options
        own = {"SCHEDULEDTASK_PROJECT": str(project), "TMPDIR": str(folder)}
        self._environment = {**os.environ, **own, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._ends: list[SchedulerEnd] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for end in self._ends:
            end.close()
        self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def nursery_pid(self) -> int:
        (nursery,) = psutil.Process(self.pid).children()
        return int(nursery.pid)

    @property
    def child_pids(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.nursery_pid).children()]

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stderr=log)
        await_true(self._answers, f"the runners listen: {self.log}")

    def connect(self) -> SchedulerEnd:
        self._ends.append(SchedulerEnd(self.socket))
        return self._ends[-1]

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """The exit code."""
        assert self._process is not None
        return self._process.wait(DEADLINE_SECONDS)

    def kill(self) -> None:
        """kill -9 of the program alone, and wait until all below it has followed."""
        if self._process is None:
            return
        below = _below(self._process.pid)
        self._process.kill()
        self._process.wait()
        self._process = None
        await_true(lambda: not any(map(is_alive, below)), f"all below the runners are gone: {below}")

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
            return True


def _below(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
