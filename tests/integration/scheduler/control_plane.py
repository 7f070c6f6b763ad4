"""The control plane's end of socket A, for tests: says what it is told to, and keeps what it hears."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from scheduledtask_workloads.contract import Job, RunRecord
from scheduledtask_workloads.contract.framing import encode
from scheduledtask_workloads.contract.messages import (
    ControlHello,
    Grant,
    JobPut,
    JobsComplete,
    RunChanged,
    SchedulerStatus,
    SchedulerToControl,
    SlotsSkipped,
    scheduler_to_control,
)
from scheduledtask_workloads.contract.model import Message
from scheduledtask_workloads.scheduler.permission import boottime_seconds

Heard = TypeVar("Heard", bound=Message)


class ControlPlane:
    """Connects to a scheduler's control socket; `heard` is everything that came since."""

    def __init__(self, path: Path, deadline_seconds: float = 60.0) -> None:
        self.heard: list[SchedulerToControl] = []
        self._news = threading.Condition()
        self._socket = _connect(path, deadline_seconds)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def say(self, *messages: Message) -> None:
        self._socket.sendall(encode(messages))

    def hand_over(self, jobs: Iterable[Job], *, fence: int = 1, grant_seconds: float = 60.0) -> None:
        """Every job, and permission to run them."""
        self.say(ControlHello(), *(JobPut(job=job) for job in jobs), JobsComplete())
        self.grant(fence=fence, seconds=grant_seconds)

    def grant(self, *, fence: int = 1, seconds: float = 60.0) -> None:
        self.say(Grant(fence=fence, deadline_boottime_seconds=boottime_seconds() + seconds))

    def of(self, kind: type[Heard]) -> list[Heard]:
        with self._news:
            return [message for message in self.heard if isinstance(message, kind)]

    def records(self, name: str) -> list[RunRecord]:
        return [message.record for message in self.of(RunChanged) if message.record.name == name]

    def skipped(self, name: str) -> list[SlotsSkipped]:
        return [message for message in self.of(SlotsSkipped) if message.name == name]

    def status(self) -> SchedulerStatus:
        """The newest; before the first one, that of a scheduler that has nothing."""
        nothing = SchedulerStatus(jobs=0, redis_reachable=False, runners_connected=False, runs_in_flight=0)
        return [nothing, *self.of(SchedulerStatus)][-1]

    def await_true(self, condition: Callable[[], object], deadline_seconds: float = 20.0) -> None:
        """`condition` is looked at whenever something is heard."""
        end = time.monotonic() + deadline_seconds
        with self._news:
            while not condition():
                if not self._news.wait(end - time.monotonic()):
                    raise AssertionError(f"not within {deadline_seconds} s; last heard: {self.heard[-5:]}")

    def _read(self) -> None:
        with self._socket.makefile("rb") as lines:
            for line in _whole_lines(lines):
                message = scheduler_to_control.validate_json(line)
                with self._news:
                    self.heard.append(message)
                    self._news.notify_all()


def _whole_lines(lines: BinaryIO) -> Iterator[bytes]:
    """Until the scheduler hangs up, or is killed in the middle of a line."""
    with contextlib.suppress(ConnectionError):
        yield from (line for line in lines if line.endswith(b"\n"))


def _connect(path: Path, deadline_seconds: float) -> socket.socket:
    end = time.monotonic() + deadline_seconds
    while True:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(path))
        except OSError:
            client.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return client
