"""The folder that one `dev` works in: its lock, what survives a restart, logs, data, which processes run."""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduledtask_operator.local.errors import StateFolderError


class StateFolder:
    """Paths below one folder. `open` makes it and takes its lock, which this process holds until it ends."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.logs = self.root / "logs"
        self.server_data = self.root / "server"
        self.artifacts = self.root / "artifacts"
        self.body_journal = self.root / "bodies.ndjson"
        self._state_file = self.root / "state.json"
        self._processes_file = self.root / "processes.json"
        self._lock_descriptor: int | None = None

    def open(self) -> None:
        """Raises StateFolderError when the folder cannot be written, or another dev holds it."""
        try:
            for folder in (self.root, self.logs, self.server_data, self.artifacts):
                folder.mkdir(parents=True, exist_ok=True)
            (self.root / ".gitignore").write_text("*\n")
            self.body_journal.touch()
            self._lock_descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StateFolderError(
                f"--state: {self.root} cannot be used: {error.strerror or error}; name a folder that you may write"
            ) from error
        self._take_lock(self._lock_descriptor)

    def read_state(self) -> dict[str, Any]:
        """What `write_state` wrote last; empty when there is nothing, or nothing readable."""
        try:
            state = json.loads(self._state_file.read_text())
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Whole or not at all, also when the machine stops in the middle."""
        self._replace(self._state_file, json.dumps(state))

    def write_processes(self, pids: Mapping[str, int]) -> None:
        """`{"scheduler": 123, ...}`: what runs now, for people and tests."""
        self._replace(self._processes_file, json.dumps(pids, indent=1))

    def read_processes(self) -> dict[str, int]:
        """The process ids by program, this process's own left out; empty before anything runs."""
        try:
            pids: dict[str, int] = json.loads(self._processes_file.read_text())
        except (OSError, ValueError):
            return {}
        return {name: pid for name, pid in pids.items() if pid != os.getpid()}

    def _replace(self, file: Path, text: str) -> None:
        fresh = file.with_suffix(".new")
        with fresh.open("w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(file)

    def _take_lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise StateFolderError(
                f"--state: {self.root} is in use by another dev (pid {holder}); stop that one, "
                "or give this one a folder of its own with --state DIR"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
