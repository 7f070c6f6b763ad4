"""What was sent to whom, so that no later attempt of the run sends it again.

One JSON object a line: the intent is on the disk before a message leaves, the answer as soon as it came. An intent
without an answer means that nobody knows. It lies with the run's files and not in the checkpoint folder: that one goes
when the body has succeeded, and a host that dies before its report arrives makes another attempt.
"""

import json
import os
import threading
from enum import StrEnum
from pathlib import Path
from typing import Self


class State(StrEnum):
    """What is known of one target."""

    INTENT = "intent"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Journal:
    """May be written by several threads. One attempt of a run at a time, which the ledger sees to."""

    def __init__(self, descriptor: int, states: dict[str, State]) -> None:
        self._descriptor = descriptor
        self._states = states
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """With what earlier attempts left; a line that was cut off by a crash counts for nothing."""
        states = _read(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        journal = cls(descriptor, states)
        journal._append(b"\n")  # ends a line that was cut off
        _sync_folder(path.parent)
        return journal

    def state(self, target: str) -> State | None:
        """None when nothing was ever sent to it; an intent without an answer is UNKNOWN."""
        found = self._states.get(target)
        return State.UNKNOWN if found is State.INTENT else found

    def write(self, target: str, state: State, *, at: float) -> None:
        """On the disk when this returns. `at`: Unix seconds."""
        with self._lock:
            self._append(json.dumps({"target": target, "state": state, "at": at}).encode() + b"\n")
            self._states[target] = state

    def close(self) -> None:
        os.close(self._descriptor)

    def _append(self, line: bytes) -> None:
        os.write(self._descriptor, line)
        os.fsync(self._descriptor)


def _read(path: Path) -> dict[str, State]:
    states: dict[str, State] = {}
    if not path.exists():
        return states
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
            states[str(entry["target"])] = State(entry["state"])
        except (ValueError, KeyError, TypeError):  # cut off by a crash
            continue
    return states


def _sync_folder(folder: Path) -> None:
    """The file's name is on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
