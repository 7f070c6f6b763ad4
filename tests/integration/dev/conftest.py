"""`scheduledtask dev` as a person starts it: a process of its own, on a folder of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduledtask_operator.local.process_tree import end_marked, is_running, marked_processes

PROJECT = Path(__file__).parents[2] / "projects" / "steady"
COMMAND = [sys.executable, "-m", "scheduledtask_operator.cli", "dev"]
DEADLINE_SECONDS = 90.0  # for a loaded machine; an idle one needs three


class Folder:
    """Manifests and task code; the state folder is below it."""

    def __init__(self, root: Path, project: Path = PROJECT) -> None:
        self.root = root
        self.state = root / ".scheduledtask"
        shutil.copytree(project, root, ignore=shutil.ignore_patterns(".*", "__pycache__"))

    def write(self, name: str, *, schedule: str, task: str = "tick", spec: str = "") -> Path:
        file = self.root / f"{name}.yaml"
        file.write_text(
            "apiVersion: scheduledtask.dev/v1alpha1\nkind: ScheduledTask\n"
            f"metadata: {{name: {name}}}\n"
            f'spec:\n  schedule: "{schedule}"\n  task: {task}\n{spec}'
        )
        return file

    def pids(self) -> dict[str, int]:
        """By the program's name."""
        pids: dict[str, int] = json.loads((self.state / "processes.json").read_text())
        return pids

    def processes_left(self) -> list[str]:
        """Everything of this folder that still runs, but for the one that asks."""
        return [" ".join(found.cmdline()) for found in marked_processes(str(self.state.resolve())) if is_running(found)]


class Dev:
    """One dev with what it said so far."""

    def __init__(self, folder: Folder, *arguments: str) -> None:
        self.folder = folder
        command = [*COMMAND, "-f", str(folder.root), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self.output: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(stream, kept), daemon=True)
            for stream, kept in ((self.process.stdout, self.output), (self.process.stderr, self.lines))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, kept: list[str]) -> None:
        kept.extend(line.rstrip("\n") for line in stream)

    def said(self, pattern: str, *, after: int = 0) -> int:
        """How many lines there were when a line beyond `after` had matched."""

        def found() -> int:
            spoken = self.spoken()
            return next((n + 1 for n, line in enumerate(spoken) if n >= after and re.search(pattern, line)), 0)

        return self.until(found, f"no line {pattern!r}")

    def spoken(self) -> list[str]:
        """Events: on standard error beside a summary in JSON, else on standard output."""
        return [*self.output, *self.lines]

    def until(self, condition: Callable[[], int], complaint: str) -> int:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            if found := condition():
                return found
            if self.process.poll() is not None and not condition():
                break
            time.sleep(0.02)
        raise AssertionError(f"{complaint}:\n" + "\n".join([*self.output, *self.lines]))

    def kill(self, name: str) -> None:
        """A program, as the kernel would when memory runs out."""
        os.kill(self.folder.pids()[name], signal.SIGKILL)

    def end(self) -> int:
        """The exit code, when it comes."""
        code = self.process.wait(timeout=2 * DEADLINE_SECONDS)
        for reader in self._readers:
            reader.join(timeout=10)
        return code


@pytest.fixture
def project() -> Path:
    """What the folder is a copy of; a test file may name another."""
    return PROJECT


@pytest.fixture
def folder(tmp_path: Path, project: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path / "work", project)
    yield folder
    end_marked(str(folder.state.resolve()))


@pytest.fixture
def start(folder: Folder) -> Iterator[Callable[..., Dev]]:
    started: list[Dev] = []

    def run(*arguments: str) -> Dev:
        started.append(Dev(folder, *arguments))
        return started[-1]

    yield run
    for dev in started:
        dev.process.kill()
        dev.end()
        for stream in (dev.process.stdout, dev.process.stderr):
            if stream is not None:
                stream.close()
