"""DuckDB within bounds: so much memory, so many threads, a folder to spill to, and no file but those named."""

import math
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psutil

from scheduledtask_workloads.catalog import RunContext
from scheduledtask_workloads.contract.quantity import parse_memory
from scheduledtask_workloads.control_groups import ControlGroups
from scheduledtask_workloads.tasks.data_processing.errors import CancelledError

DEFAULT_MEMORY_BYTES = 400 * 1000**2  # with Python, buffers and what the allocator keeps, well under 1 GB
CONTAINER_SHARE = 0.4
LOOK_SECONDS = 0.2  # for a cancellation
TELL_SECONDS = 5.0  # between two lines of progress

_SETTINGS = (
    "TimeZone = 'UTC'",
    "enable_progress_bar = true",
    "enable_progress_bar_print = false",
    "pandas_analyze_sample = 1000000",  # all values of a batch decide its types
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What DuckDB may take."""

    memory_bytes: int
    threads: int

    @classmethod
    def read(cls, memory: str | None, groups: ControlGroups) -> "Limits":
        """`memory` is what the arguments say."""
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        quota = groups.cpu()
        threads = min(processors, math.ceil(quota.processors)) if quota else processors
        if memory is not None:
            return cls(parse_memory(memory), max(1, threads))
        container = groups.memory(psutil.virtual_memory().total)
        share = int(container.limit * CONTAINER_SHARE) if container else DEFAULT_MEMORY_BYTES
        return cls(min(DEFAULT_MEMORY_BYTES, share), max(1, threads))


class Engine:
    """One database on disk, which is nobody else's, and a thread that interrupts it when the run shall stop."""

    def __init__(self, database: duckdb.DuckDBPyConnection, context: RunContext) -> None:
        self.database = database
        self._context = context
        self._cancelled = threading.Event()
        self._ended = threading.Event()
        self._doing = ""

    def run(self, sql: str, parameters: Sequence[Any] = (), doing: str = "") -> duckdb.DuckDBPyConnection:
        """Raises CancelledError, and duckdb.Error as it comes. `doing` stands in lines of progress."""
        self.check()
        self._doing = doing
        try:
            return self.database.execute(sql, list(parameters)) if parameters else self.database.execute(sql)
        except duckdb.InterruptException:
            self.check()
            raise
        finally:
            self._doing = ""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All of them, so for few."""
        return self.run(sql, parameters).fetchall()

    def check(self) -> None:
        """Raises CancelledError when the run shall stop."""
        if self._cancelled.is_set() or self._context.cancelled():
            self._cancelled.set()
            raise CancelledError("the run was cancelled; nothing was published")

    def lock(self, readable: Sequence[str], writable: Sequence[Path]) -> None:
        """From here on only these files and folders, and no settings."""
        self.database.execute("SET allowed_paths = $1", [list(readable)])
        self.database.execute("SET allowed_directories = $1", [[f"{folder}/" for folder in writable]])
        self.database.execute("SET enable_external_access = false")
        self.database.execute("SET lock_configuration = true")

    def watch(self) -> None:
        """Until `end`; in a thread of its own."""
        waited = 0.0
        while not self._ended.wait(LOOK_SECONDS):
            if self._context.cancelled():
                self._cancelled.set()
                self.database.interrupt()
            waited += LOOK_SECONDS
            if waited >= TELL_SECONDS and self._doing:
                waited = 0.0
                self._tell()

    def end(self) -> None:
        self._ended.set()

    def _tell(self) -> None:
        percent = self.database.query_progress()
        if percent >= 0:
            self._context.progress(percent / 100, self._doing)


@contextmanager
def engine(folder: Path, limits: Limits, context: RunContext) -> Iterator[Engine]:
    """`folder` is emptied before, and removed after."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        with duckdb.connect(str(folder / "work.duckdb"), config=_configuration(folder, limits)) as database:
            for setting in _SETTINGS:
                database.execute(f"SET {setting}")
            running = Engine(database, context)
            watcher = threading.Thread(target=running.watch, name="data-processing-watch", daemon=True)
            watcher.start()
            try:
                yield running
            finally:
                running.end()
                watcher.join()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configuration(folder: Path, limits: Limits) -> dict[str, Any]:
    return {
        "memory_limit": f"{limits.memory_bytes // 1024}KiB",
        "threads": limits.threads,
        "temp_directory": str(folder / "spill"),
        "preserve_insertion_order": False,  # takes memory; ORDER BY holds without it
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
        "enable_external_file_cache": False,
    }


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"
