"""The programs as child processes: started, started again when they die, and ended with all that they started."""

import asyncio
import contextlib
import logging
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import BinaryIO

from scheduledtask_operator.local.process_tree import MARK_VARIABLE, end_marked, mark
from scheduledtask_operator.local.state_folder import StateFolder

FIRST_BACKOFF_SECONDS = 0.5  # from the second restart on; the first is immediate
LONGEST_BACKOFF_SECONDS = 10.0
STEADY_SECONDS = 20.0  # a program that ran this long is forgiven what was before
HOPELESS_FAILURES = 4  # in a row, over some three seconds
LAST_WORDS_SECONDS = 3.0  # to write down which runs were interrupted
CANNOT_START = 127  # as a shell says it
LOG_LIMIT_BYTES = 16 * 1024**2  # then the log is put aside, and the one before it forgotten

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """What is started, and again the same after each end. `heartbeat_file` is removed before each start."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    heartbeat_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ProcessEnded:
    """A program ended that should not have. `status` is its exit code, or minus the signal."""

    name: str
    status: int
    again_seconds: float
    log_file: Path


class Supervised:
    """One program of a Supervisor."""

    def __init__(self, program: Program, log_file: Path, folder_mark: str, changed: Callable[[], None]) -> None:
        self.program = program
        self.log_file = log_file
        self._folder_mark = folder_mark
        self._changed = changed
        self._process: Process | None = None
        self._starts = count(1)
        self._leaving = asyncio.Event()
        self._restart_asked = False
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def leaving(self) -> bool:
        """It was told to go, and is not started again."""
        return self._leaving.is_set()

    @property
    def gone(self) -> bool:
        return self._task is not None and self._task.done()

    @property
    def hopeless(self) -> bool:
        """It ended again and again, right after its start."""
        return self._failures >= HOPELESS_FAILURES

    @property
    def alive(self) -> bool:
        """It runs, and its heartbeat file, if it has one, has appeared."""
        file = self.program.heartbeat_file
        return self._process is not None and (file is None or file.exists())

    async def start(self, ended: Callable[[ProcessEnded], None]) -> None:
        """Raises OSError when it cannot be started at all."""
        process = await self._spawn()
        self._task = asyncio.create_task(self._keep_running(process, ended))

    def restart(self) -> None:
        """SIGTERM; it ends in its own time and is started again at once."""
        self._restart_asked = True
        self._signal(signal.SIGTERM)

    def leave(self) -> None:
        """SIGTERM; it ends in its own time and is not started again."""
        self._leaving.set()
        self._signal(signal.SIGTERM)

    async def stop(self, grace_seconds: float) -> None:
        """Leave; after the grace a second SIGTERM, by which a worker interrupts its runs; then SIGKILL to all of it."""
        self.leave()
        if self._task is None or await self._gone_within(self._task, grace_seconds):
            return
        if grace_seconds > 0:
            self._signal(signal.SIGTERM)
        if grace_seconds == 0 or not await self._gone_within(self._task, LAST_WORDS_SECONDS):
            self._signal(signal.SIGKILL)
            await self._task

    async def _gone_within(self, task: asyncio.Task[None], seconds: float) -> bool:
        await asyncio.wait({task}, timeout=seconds)
        return task.done()

    async def _keep_running(self, process: Process | None, ended: Callable[[ProcessEnded], None]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            status = CANNOT_START if process is None else await self._await_end(process)
            if self.leaving:
                return
            delay_seconds = self._judge_end(status, loop.time() - started, ended)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), delay_seconds)
            if self.leaving:
                return
            process = await self._try_spawn()

    def _judge_end(self, status: int, ran_seconds: float, ended: Callable[[ProcessEnded], None]) -> float:
        """Seconds until it is started again. An end that was asked for is not told, and not counted."""
        if self._restart_asked:
            self._restart_asked = False
            return 0.0
        if ran_seconds > STEADY_SECONDS:
            self._failures = 0
        delay_seconds = _backoff_seconds(self._failures)
        self._failures += 1
        ended(ProcessEnded(self.program.name, status, delay_seconds, self.log_file))
        return delay_seconds

    async def _try_spawn(self) -> Process | None:
        try:
            return await self._spawn()
        except OSError:  # no memory or no process id just now; the next try may have one
            logger.exception("%s cannot be started", self.program.name)
            return None

    async def _spawn(self) -> Process:
        if self.program.heartbeat_file is not None:
            self.program.heartbeat_file.unlink(missing_ok=True)
        self._mark = mark(self._folder_mark, self.program.name, str(next(self._starts)))
        with _open_log(self.log_file) as log:
            process = self._process = await asyncio.create_subprocess_exec(
                *self.program.arguments,
                env={**self.program.environment, MARK_VARIABLE: self._mark},
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._changed()
        if self.leaving:
            self._signal(signal.SIGTERM)
        return process

    async def _await_end(self, process: Process) -> int:
        """The process and, as with a container's first process, everything that it started."""
        status = await process.wait()
        await asyncio.to_thread(end_marked, self._mark)
        self._process = None
        self._changed()
        return status

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)


class Supervisor:
    """Every child of one `dev`; `processes.json` in the state folder says which run."""

    def __init__(self, folder: StateFolder, ended: Callable[[ProcessEnded], None]) -> None:
        self._folder = folder
        self._ended = ended
        self._children: dict[str, Supervised] = {}

    @property
    def folder_mark(self) -> str:
        return str(self._folder.root)

    async def start(self, program: Program) -> Supervised:
        """Raises OSError when it cannot be started at all."""
        log_file = self._folder.logs / f"{program.name}.log"
        child = Supervised(program, log_file, self.folder_mark, self._write_processes)
        self._children[program.name] = child
        await child.start(self._ended)
        return child

    async def stop(self, names: list[str], grace_seconds: float) -> None:
        """Those of these names, at the same time."""
        leaving = [child for name, child in self._children.items() if name in names]
        await asyncio.gather(*(child.stop(grace_seconds) for child in leaving))

    def hopeless(self) -> Supervised | None:
        """One that does not come up, if any."""
        return next((child for child in self._children.values() if child.hopeless), None)

    @property
    def names(self) -> list[str]:
        return [name for name, child in self._children.items() if not child.gone]

    def _write_processes(self) -> None:
        pids = {name: child.pid for name, child in self._children.items() if child.pid is not None}
        self._folder.write_processes({"dev": os.getpid(), **pids})


def _backoff_seconds(failures: int) -> float:
    return 0.0 if failures == 0 else min(FIRST_BACKOFF_SECONDS * 2.0 ** (failures - 1), LONGEST_BACKOFF_SECONDS)


def _open_log(file: Path) -> BinaryIO:
    if file.exists() and file.stat().st_size > LOG_LIMIT_BYTES:
        file.replace(file.with_suffix(".log.1"))
    return file.open("ab")
