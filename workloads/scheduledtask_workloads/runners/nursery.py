"""The nursery: has loaded the catalog, forks children from that, kills them on demand, and buries them whole.

A death is told only when nothing that the child started is left.
"""

import asyncio
import contextlib
import gc
import importlib
import logging
import os
import select
import shutil
import signal
import socket
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from scheduledtask_workloads.catalog import Catalog, load_catalog
from scheduledtask_workloads.execution import adopt_orphans, end_strays
from scheduledtask_workloads.runners.child import live
from scheduledtask_workloads.runners.lines import (
    Birth,
    LineSplitter,
    NurseryOrder,
    NurseryWord,
    nursery_order,
    to_line,
)

logger = logging.getLogger(__name__)
EX_SOFTWARE = 70  # sysexits.h


def keep_nursery(program: socket.socket, folder: Path) -> NoReturn:
    """The life of a nursery, in a process that was forked from the program for it.

    It learns of the program's death by the socket, not by a signal, which would leave what bodies started to nobody.
    Whatever ends it, all below it ends first. It removes `folder`, where output is kept, when the program is gone.
    """
    exit_code = EX_SOFTWARE
    try:
        _forget_program(program)
        adopt_orphans()
        catalog = _load()
        gc.collect()
        gc.freeze()  # a collection in a child would otherwise copy every page that is shared
        _Nursery(program, catalog).run()
        exit_code = 0
    except BaseException:
        logger.exception("the nursery failed")
    end_strays(known=())
    if exit_code == 0:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(exit_code)


def _forget_program(channel: socket.socket) -> None:
    """The event loop, its signal handlers and its descriptors belong to the program alone."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # the program decides when it is over
    asyncio._set_running_loop(None)
    for descriptor in map(int, os.listdir("/dev/fd")):
        if descriptor > 2 and descriptor != channel.fileno():
            with contextlib.suppress(OSError):  # the listing's own
                os.close(descriptor)


def _load() -> Catalog:
    catalog = load_catalog()
    for problem in catalog.problems:
        logger.error("not loaded: %s", problem.message, extra={"source": problem.source})
    for task in catalog.tasks.values():
        if task.light:
            _share(task.imports)
    return catalog


def _share(modules: Sequence[str]) -> None:
    """What is missing or broken is for the body to say, when it imports it."""
    for module in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(module)


class _Nursery:
    def __init__(self, program: socket.socket, catalog: Catalog) -> None:
        self._program = program
        self._catalog = catalog
        self._splitter = LineSplitter()
        self._channels: deque[int] = deque()  # descriptors whose Birth is still to be read
        self._children: dict[int, int] = {}  # pid: serial
        self._woken, self._waker = os.pipe()
        for descriptor in (self._woken, self._waker):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler the pipe is not written

    def run(self) -> None:
        """Until the program hangs up."""
        self._tell(NurseryWord(ready=True))
        while True:
            readable, _, _ = select.select([self._program.fileno(), self._woken], [], [])
            if self._woken in readable:
                self._bury()
            if self._program.fileno() in readable and not self._obey():
                break

    def _obey(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._program, 65536, 1)
        except ConnectionResetError:  # it died before it had read all that it was told
            return False
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # no program that a body starts gets it
            self._channels.append(descriptor)
        for line in self._splitter.feed(data):
            self._perform(nursery_order.validate_json(line))
        return bool(data)

    def _perform(self, order: NurseryOrder) -> None:
        if order.bear is not None:
            self._bear(order.bear, self._channels.popleft())
        if order.ask is not None:
            self._signal(order.ask, signal.SIGTERM)
        if order.end is not None:
            self._signal(order.end, signal.SIGKILL)

    def _bear(self, birth: Birth, channel: int) -> None:
        own_pid = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._tell(NurseryWord(serial=birth.serial, problem=f"fork: {error.strerror}"))
        else:
            if pid == 0:
                self._become_child(birth, channel, own_pid)
            self._children[pid] = birth.serial
            self._tell(NurseryWord(serial=birth.serial, pid=pid))
        os.close(channel)

    def _become_child(self, birth: Birth, channel: int, own_pid: int) -> NoReturn:
        """Never returns into the nursery's frames, whatever happens."""
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            for descriptor in (self._program.fileno(), self._woken, self._waker, *self._channels):
                os.close(descriptor)
            live(socket.socket(fileno=channel), Path(birth.output), self._catalog, own_pid)
        except BaseException:
            logger.exception("a child failed")
            os._exit(EX_SOFTWARE)
        os._exit(0)

    def _signal(self, serial: int, number: signal.Signals) -> None:
        """The whole group at SIGKILL, so that what the body started does not see it die; the rest is buried later."""
        for pid in (pid for pid, its_serial in self._children.items() if its_serial == serial):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
            if number == signal.SIGKILL:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, number)

    def _bury(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        deaths = []
        with contextlib.suppress(ChildProcessError):
            while (death := os.waitpid(-1, os.WNOHANG))[0]:
                deaths.append(death)
        if deaths:
            end_strays(known=self._children)
        for pid, status in deaths:
            if (serial := self._children.pop(pid, None)) is not None:
                self._tell(NurseryWord(serial=serial, status=status))

    def _tell(self, word: NurseryWord) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # seen again as the end of what is read
            self._program.sendall(to_line(word))
