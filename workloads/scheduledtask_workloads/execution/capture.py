"""What a body prints, kept in a file that outlives its process.

The file is opened for appending, so that the body, its children and what is left of a killed one write one after the
other, and so that it may be shortened under them.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from scheduledtask_workloads.execution.masking import NO_MASKER, Masker

TAIL_BYTES = 64 * 1024  # what a report carries; with the result's 64 KiB far below the contract's line of 4 MiB
FILE_LIMIT_BYTES = 16 * 1024**2  # a body that prints without end must not fill the disk


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of the output, and how much came before it."""

    text: str = ""
    dropped_bytes: int = 0


class CapturedOutput:
    """One attempt's output file, as its host sees it. The file is as the body wrote it; what is read is masked."""

    def __init__(self, path: Path, masker: Masker = NO_MASKER) -> None:
        self.path = path
        self._masker = masker
        self._cut_bytes = 0

    def tail(self) -> Tail:
        """The last 64 KiB; empty when nothing was printed."""
        end = read_tail(self.path, masker=self._masker)
        return Tail(end.text, end.dropped_bytes + self._cut_bytes)

    def bound(self, limit_bytes: int = FILE_LIMIT_BYTES) -> None:
        """Shorten a file above the limit to its tail. Called now and then while the body runs."""
        with suppress(FileNotFoundError), self.path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            if size <= limit_bytes:
                return
            file.seek(max(0, size - TAIL_BYTES - self._masker.margin_bytes))
            end = file.read()
            file.truncate(0)
            file.seek(0)
            file.write(end)
            self._cut_bytes += size - len(end)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def read_tail(path: Path, limit_bytes: int = TAIL_BYTES, masker: Masker = NO_MASKER) -> Tail:
    """The end of a file as text, whole characters only and masked; empty for a file that is not there."""
    try:
        if not path.stat().st_size:
            return Tail()  # most light runs print nothing
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - limit_bytes)
            before = min(start, masker.margin_bytes)  # of a value that the cut goes through
            file.seek(start - before)
            end = file.read(before + limit_bytes)
    except OSError:
        return Tail()
    cut = before + _broken_bytes(end[before:])
    return Tail(masker.data(end, cut).decode(errors="replace"), start)


@contextmanager
def captured(path: Path) -> Iterator[None]:
    """Standard output and error of this process and its children go to the file; standard input is empty."""
    saved = {descriptor: os.dup(descriptor) for descriptor in (0, 1, 2)}
    streams = (sys.stdin, sys.stdout, sys.stderr)
    _flush(*streams[1:])
    try:
        _point_at(path)
        sys.stdin, sys.stdout, sys.stderr = _reader(0), _writer(1), _writer(2)
        yield
    finally:
        _flush(sys.stdout, sys.stderr)
        sys.stdin, sys.stdout, sys.stderr = streams
        for descriptor, copy in saved.items():
            os.dup2(copy, descriptor)
            os.close(copy)


def _point_at(path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, descriptor in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(source, descriptor)
    os.close(file)
    os.close(nothing)


def _reader(descriptor: int) -> TextIO:
    return TextIOWrapper(os.fdopen(descriptor, "rb", closefd=False), encoding="utf-8")


def _writer(descriptor: int) -> TextIO:
    """By lines, so that what a killed body printed is there."""
    raw = os.fdopen(descriptor, "wb", closefd=False)
    return TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _flush(*streams: TextIO | None) -> None:
    for stream in streams:
        with suppress(Exception):  # closed or replaced by the body, or a full disk
            if stream is not None:
                stream.flush()


def _broken_bytes(data: bytes) -> int:
    """How many are the rest of a character that the cut went through."""
    start = 0
    while start < min(3, len(data)) and data[start] & 0xC0 == 0x80:
        start += 1
    return start
