"""What one try at an item came to, whichever kind it is."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

TAIL_BYTES = 8192  # twice what is kept: a Secret at the cut is whole here, and recognised


class State(StrEnum):
    """`interrupted`: the run was cancelled or ended. `skipped`: never started."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Try:
    """`exit_code` of a process, negative for a signal; `status` of an HTTP call; `output`: the end of what it said.

    `again`: whether this kind of failure is one that retries are for.
    """

    state: State
    message: str = ""
    exit_code: int | None = None
    status: int | None = None
    output: str = ""
    result: Any = None
    again: bool = False


class Tail:
    """The end of a stream, however long that is."""

    def __init__(self, limit_bytes: int = TAIL_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._parts: deque[bytes] = deque()
        self._held_bytes = 0

    def add(self, part: bytes) -> None:
        self._parts.append(part)
        self._held_bytes += len(part)
        while self._held_bytes - len(self._parts[0]) >= self._limit_bytes:
            self._held_bytes -= len(self._parts.popleft())

    def text(self) -> str:
        return b"".join(self._parts)[-self._limit_bytes :].decode(errors="replace")
