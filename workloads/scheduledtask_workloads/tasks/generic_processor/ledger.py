"""What became of each item, one JSON object a line, so that a later attempt of the run goes on where this one ends."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from scheduledtask_workloads.tasks.generic_processor.tries import State


@dataclass(frozen=True, slots=True)
class ItemResult:
    """Of an item's last try. `attempt`: that of the run in which it was made. Values of Secrets are masked already."""

    name: str
    state: str
    tries: int
    attempt: int
    seconds: float
    message: str = ""
    exit_code: int | None = None
    status: int | None = None
    result: Any = None
    output: str = ""


class ItemLedger:
    """For one process and one event loop."""

    def __init__(self, descriptor: int, succeeded: dict[str, ItemResult]) -> None:
        self._descriptor = descriptor
        self.succeeded = succeeded
        """By earlier attempts."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """A line that was cut off by a crash counts for nothing: its item is done again."""
        succeeded = {}
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                found = ItemResult(**json.loads(line))
            except (ValueError, TypeError):
                continue
            if found.state == State.SUCCEEDED:
                succeeded[found.name] = found
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, b"\n")  # ends a line that was cut off
        return cls(descriptor, succeeded)

    def write(self, result: ItemResult) -> None:
        """On the disk when this returns."""
        os.write(self._descriptor, json.dumps(asdict(result)).encode() + b"\n")
        os.fdatasync(self._descriptor) if hasattr(os, "fdatasync") else os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)
