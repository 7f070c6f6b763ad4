"""The last step's rows as files in a folder that nobody reads yet."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import duckdb

from scheduledtask_workloads.tasks.data_processing import steps
from scheduledtask_workloads.tasks.data_processing.engine import Engine, quoted, text
from scheduledtask_workloads.tasks.data_processing.errors import SinkError
from scheduledtask_workloads.tasks.data_processing.settings import Compression, Format, Sink

MANIFEST = "_SUCCESS"
MOST_PARTITIONS = 10_000
_OF_NULL = "__HIVE_DEFAULT_PARTITION__"
_SORTED = "scheduledtask_sorted"
_PACKED = {Compression.GZIP: ".gz", Compression.ZSTD: ".zst"}


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """`path` is relative to the folder."""

    path: str
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Writing:
    """How the rows of `step` become files."""

    engine: Engine
    step: str
    sink: Sink

    def __post_init__(self) -> None:
        """Raises SinkError for a column that is not there."""
        known = steps.columns(self.engine, self.step)
        for name in (*self.sink.partition_by, *self.sink.order_by):
            if name not in known:
                raise SinkError(f"sink: the last step has no column {name!r}; it has {', '.join(known)}")
        if self.sink.partition_by and len(self.sink.partition_by) == len(known):
            raise SinkError("sink: partition_by has every column; nothing would be left for the files")

    def write(self, folder: Path) -> list[WrittenFile]:
        """On the disk when it returns. Raises SinkError, StepError for rows that cannot be computed."""
        try:
            files = self._partitions(folder) if self.sink.partition_by else [self._whole(folder)]
        except duckdb.Error as error:
            raise steps.failed(f"step {self.step}, as it was written", error) from None
        for parent in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
            _sync(parent)
        return files

    @property
    def file_name(self) -> str:
        compression = self.sink.compression if self.sink.kind is not Format.PARQUET else None
        return f"data.{self.sink.kind}{_PACKED.get(compression, '') if compression else ''}"

    def _whole(self, folder: Path) -> WrittenFile:
        order = _order([quoted(name) for name in self.sink.order_by])
        return self._copy(f"SELECT * FROM {quoted(self.step)}{order}", folder, self.file_name)  # noqa: S608

    def _partitions(self, folder: Path) -> list[WrittenFile]:
        """One file each: rows are sorted once, and each partition is a range of them."""
        keys = [f"CAST({quoted(name)} AS VARCHAR)" for name in self.sink.partition_by]
        order = _order([*keys, *map(quoted, self.sink.order_by)])
        self.engine.run(f"CREATE TABLE {_SORTED} AS SELECT * FROM {quoted(self.step)}{order}", doing="sorting")  # noqa: S608
        ranges = self.engine.rows(
            f"SELECT {', '.join(keys)}, min(rowid), max(rowid) FROM {_SORTED} GROUP BY ALL ORDER BY min(rowid)"  # noqa: S608
            f" LIMIT {MOST_PARTITIONS + 1}"
        )
        if len(ranges) > MOST_PARTITIONS:
            raise SinkError(f"sink: partition_by makes more than {MOST_PARTITIONS:,} folders; take coarser columns")
        excluded = ", ".join(map(quoted, self.sink.partition_by))
        files = []
        for *values, first, last in ranges:
            pairs = zip(self.sink.partition_by, values, strict=True)
            path = "/".join(f"{quote(name, safe='')}={_folder_name(value)}" for name, value in pairs)
            (folder / path).mkdir(parents=True)
            query = (
                f"SELECT * EXCLUDE ({excluded}) FROM {_SORTED} WHERE rowid BETWEEN {first} AND {last} ORDER BY rowid"  # noqa: S608
            )
            files.append(self._copy(query, folder, f"{path}/{self.file_name}"))
        return files

    def _copy(self, query: str, folder: Path, path: str) -> WrittenFile:
        target = folder / path
        [(rows,)] = self.engine.run(
            f"COPY ({query}) TO {text(str(target))} ({_options(self.sink)})", doing=f"writing {path}"
        ).fetchall()
        _sync(target)
        return WrittenFile(path, int(rows), target.stat().st_size)


def _folder_name(value: str | None) -> str:
    return _OF_NULL if value is None else quote(value, safe="")


def _order(terms: Sequence[str]) -> str:
    return f" ORDER BY {', '.join(terms)}" if terms else ""


def _options(sink: Sink) -> str:
    if sink.kind is Format.PARQUET:
        chosen = sink.compression or Compression.ZSTD
        return f"FORMAT parquet, COMPRESSION {'uncompressed' if chosen is Compression.NONE else chosen}"
    form = "csv, HEADER true" if sink.kind is Format.CSV else "json"
    return f"FORMAT {form}, COMPRESSION {sink.compression or Compression.NONE}"


def manifest(files: Sequence[WrittenFile], slot: datetime | None) -> bytes:
    """What `_SUCCESS` says: the same for the same files."""
    listed = [{"path": file.path, "rows": file.rows, "bytes": file.size_bytes} for file in files]
    document = {"slot": slot.isoformat() if slot else None, "files": listed}
    return json.dumps(document, indent=1).encode() + b"\n"


def digest(file: Path) -> str:
    """Of the content, short."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
