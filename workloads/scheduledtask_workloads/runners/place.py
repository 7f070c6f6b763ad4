"""One child as the program sees it: its channel, its namespace, and the run it has."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from scheduledtask_workloads.contract import RunOrder
from scheduledtask_workloads.execution import CapturedOutput, HostReport, MemoryGuard, Observed
from scheduledtask_workloads.runners.lines import ChildWord, LineSplitter, LineTooLongError, child_word, to_line

READ_BYTES = 65536


@dataclass(slots=True)
class ActiveRun:
    """An order that a child has. Times named `_monotonic` are of the loop's clock."""

    order: RunOrder
    given_at_monotonic: float
    output: CapturedOutput
    started_at: float | None = None  # Unix seconds
    started_at_monotonic: float | None = None
    verdict: HostReport | None = None  # why we end it; None as long as we don't
    kill_at_monotonic: float | None = None  # when asking is over
    guard: MemoryGuard | None = None

    def observed(self, now: float) -> Observed:
        """`now` in Unix seconds."""
        peak_bytes = self.guard.peak_bytes if self.guard else 0
        return Observed(
            ended_at=now, started_at=self.started_at, peak_memory_bytes=peak_bytes or None, output=self.output.tail()
        )


class Place:
    """A child's socket and file; `on_word` gets what it says, `on_nonsense` is called when that cannot be read."""

    def __init__(
        self,
        serial: int,
        folder: Path,
        on_word: Callable[["Place", ChildWord], None],
        on_nonsense: Callable[["Place"], None],
    ) -> None:
        self.serial = serial
        self.output = folder / f"output-{serial}"
        self.pid: int | None = None
        self.namespace: str | None = None  # None: has not run anything yet
        self.run: ActiveRun | None = None
        self.doomed = False  # takes no further run
        self._on_word = on_word
        self._on_nonsense = on_nonsense
        self._loop = asyncio.get_running_loop()
        self.asked_at_monotonic = self._loop.time()
        self._splitter = LineSplitter()
        self._unsent = b""
        self._writing = False
        self._channel, self.childs_channel = socket.socketpair()
        self._channel.setblocking(False)
        self._loop.add_reader(self._channel, self.read)

    @property
    def idle(self) -> bool:
        return self.run is None and not self.doomed

    def give(self, run: ActiveRun) -> None:
        """The child begins as soon as it reads this."""
        self.run = run
        self.namespace = run.order.ref.namespace
        self._unsent += to_line(run.order)
        self._send()

    def read(self) -> None:
        """Hear everything that was said until now."""
        while data := self._received():
            last = len(data) < READ_BYTES
            try:
                for line in self._splitter.feed(data):
                    self._on_word(self, child_word.validate_json(line))
            except (LineTooLongError, ValidationError):
                self._stop_reading()  # what follows is no report either
                self._on_nonsense(self)
                return
            if last:
                return

    def close(self) -> None:
        self._stop_reading()
        self._loop.remove_writer(self._channel)
        self._channel.close()
        self.output.unlink(missing_ok=True)

    def _received(self) -> bytes:
        try:
            data = self._channel.recv(READ_BYTES)
        except (BlockingIOError, ConnectionResetError):
            return b""
        if not data:
            self._stop_reading()
        return data

    def _stop_reading(self) -> None:
        self._loop.remove_reader(self._channel)

    def _send(self) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            self._unsent = self._unsent[self._channel.send(self._unsent) :]
        if self._unsent and not self._writing:
            self._loop.add_writer(self._channel, self._send)
        elif self._writing and not self._unsent:
            self._loop.remove_writer(self._channel)
        self._writing = bool(self._unsent)
