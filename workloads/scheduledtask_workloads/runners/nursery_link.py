"""The program's end of the nursery: births, ends and deaths."""

import asyncio
import contextlib
import gc
import os
import socket
from collections.abc import Callable
from pathlib import Path

from scheduledtask_workloads.execution import end_strays
from scheduledtask_workloads.runners.lines import (
    Birth,
    LineSplitter,
    NurseryOrder,
    NurseryWord,
    nursery_word,
    to_line,
)
from scheduledtask_workloads.runners.nursery import keep_nursery


class NurseryLink:
    """Starts the nursery by forking this process, which must have a single thread and a running loop.

    `on_word` gets what the nursery says. `on_lost` gets waitpid's status when it died, after everything below it was
    ended; this object is of no more use then.
    """

    def __init__(self, folder: Path, on_word: Callable[[NurseryWord], None], on_lost: Callable[[int], None]) -> None:
        self._on_word = on_word
        self._on_lost = on_lost
        self._splitter = LineSplitter()
        self._loop = asyncio.get_running_loop()
        self._channel, theirs = socket.socketpair()
        gc.collect()
        gc.freeze()  # a collection on either side would otherwise copy every page that is shared
        self._pid = os.fork()
        if self._pid == 0:
            keep_nursery(theirs, folder)
        theirs.close()
        self._channel.setblocking(False)
        self._loop.add_reader(self._channel, self._read)

    def bear(self, birth: Birth, channel: socket.socket) -> None:
        """The nursery forks a child that speaks on `channel`, which may be closed here afterwards."""
        with contextlib.suppress(BrokenPipeError):  # its end is noticed when it is read
            socket.send_fds(self._channel, [to_line(NurseryOrder(bear=birth))], [channel.fileno()])

    def ask(self, serial: int) -> None:
        """SIGTERM to the child alone: a request to its body."""
        self._send(NurseryOrder(ask=serial))

    def end(self, serial: int) -> None:
        """SIGKILL to the child and its group; a word with its status follows when its whole tree is gone."""
        self._send(NurseryOrder(end=serial))

    def close(self) -> None:
        """Hang up, upon which the nursery ends every child; wait for that."""
        self._hang_up()
        os.waitpid(self._pid, 0)

    def _send(self, order: NurseryOrder) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._channel.sendall(to_line(order))

    def _hang_up(self) -> None:
        self._loop.remove_reader(self._channel)
        self._channel.close()

    def _read(self) -> None:
        data = b""
        with contextlib.suppress(ConnectionResetError):
            data = self._channel.recv(65536)
        for line in self._splitter.feed(data):
            self._on_word(nursery_word.validate_json(line))
        if not data:
            self._hang_up()
            _, status = os.waitpid(self._pid, 0)
            end_strays(known=())
            self._on_lost(status)
