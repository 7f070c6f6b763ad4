"""Processes that outlive the program that started them, known by id and birth so that no other is ever ended."""

import json
import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.cluster.commands import wait_until
from tests.cluster.errors import NotReadyError

STOP_PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Processes:
    """Those whose records lie in `folder`: NAME.json (command, id, birth) and NAME.log."""

    folder: Path

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def ensure(self, name: str, command: Sequence[str]) -> None:
        """Start it in a session of its own, unless it runs already."""
        if self.find(name) is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        pid = _spawn(command, self.log(name))
        record = {"command": list(command), "pid": pid, "born": _birth(pid)}
        self._record(name).write_text(json.dumps(record))

    def start_again(self, name: str) -> None:
        """With the command it had.

        Raises:
            FileNotFoundError: it was never started here.
        """
        self.ensure(name, json.loads(self._record(name).read_text())["command"])

    def find(self, name: str) -> psutil.Process | None:
        """The process, or None when it has ended; a process that inherited its id is not it."""
        try:
            record = json.loads(self._record(name).read_text())
            process = psutil.Process(record["pid"])
            same = _birth(process.pid) == record["born"]
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None
        return process if same and not _has_ended(process) else None

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def stop(self, *names: str) -> None:
        """All of them at once: TERM, some patience, KILL."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            running = {name: process for name in names if (process := self.find(name)) is not None}
            for process in running.values():
                _signal(process, number)
            with suppress(NotReadyError):
                self._await_end(running)

    def _await_end(self, names: Iterable[str]) -> None:
        wait_until(
            "the end of processes",
            lambda: all(self.find(name) is None for name in names),
            timeout_seconds=STOP_PATIENCE_SECONDS,
        )

    def _record(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def _spawn(command: Sequence[str], log: Path) -> int:
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawnp(command[0], list(command), os.environ, file_actions=files, setsid=True)


def _birth(pid: int) -> float:
    """When it began. On Linux in ticks since boot: psutil's time of day moves when the machine's clock is set, and
    a cluster whose births moved was neither found nor stopped."""
    if not psutil.LINUX:
        return psutil.Process(pid).create_time()
    try:
        return float(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(pid) from error


def _has_ended(process: psutil.Process) -> bool:
    """An ended child is reaped here; another's stays a zombie until its parent, or init, takes notice."""
    with suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)
