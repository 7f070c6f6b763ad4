"""What is read: files become views, which stream; the rows of databases are brought in, batch by batch."""

import glob
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb

from scheduledtask_workloads.tasks.data_processing.engine import Engine, quoted, text
from scheduledtask_workloads.tasks.data_processing.errors import SourceError, reason
from scheduledtask_workloads.tasks.data_processing.settings import Format, Source
from scheduledtask_workloads.tasks.data_processing.slots import SlotTimes
from scheduledtask_workloads.tasks.tables import Storage

_READERS = {Format.CSV: "read_csv", Format.PARQUET: "read_parquet", Format.JSONL: "read_json"}
_TEXT_BUFFER_BYTES = 8 * 1024**2  # several for each thread; no line is longer than a quarter of one
_OBJECT_BLOCK_BYTES = 8 * 1024**2  # what is read ahead of each open object


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """Addresses as DuckDB takes them, in order, and the bytes of all."""

    addresses: tuple[str, ...]
    size_bytes: int


def local_path(url: str) -> Path | None:
    """Of a path or file:// URL; None for another place."""
    parts = urlsplit(url)
    if "://" not in url:
        return Path(os.path.abspath(url))
    return Path(unquote(parts.path)) if parts.scheme == "file" and parts.netloc in {"", "localhost"} else None


def find_files(name: str, source: Source, times: SlotTimes, storage: Storage | None) -> FoundFiles:
    """Raises SourceError when there is none, SlotError."""
    url = times.in_url(source.url, f"source {name}")
    path = local_path(url)
    try:
        found = _here(path) if path else _objects(name, url, storage)
    except OSError as error:
        raise SourceError(f"source {name}: cannot look for {url}: {reason(error)}") from None
    if not found.addresses:
        raise SourceError(
            f"source {name}: there is no file {url}; a folder's files are found by a pattern as in dir/*.csv"
        )
    return found


def _here(path: Path) -> FoundFiles:
    names = sorted(glob.glob(str(path), recursive=True)) if glob.has_magic(str(path)) else [str(path)]
    files = [name for name in names if os.path.isfile(name)]
    return FoundFiles(tuple(files), sum(os.path.getsize(file) for file in files))


def _objects(name: str, url: str, storage: Storage | None) -> FoundFiles:
    files = object_storage(f"source {name}", url, storage)
    found: Mapping[str, Mapping[str, Any]] = files.glob(url, detail=True)
    kept = {key: each for key, each in found.items() if each["type"] == "file"}
    addresses = tuple(sorted(f"s3://{key.removeprefix('s3://')}" for key in kept))
    return FoundFiles(addresses, sum(int(each["size"]) for each in kept.values()))


def object_storage(place: str, url: str, storage: Storage | None) -> Any:
    """fsspec's file system. Raises SourceError for a URL that is not of object storage."""
    scheme = urlsplit(url).scheme
    if scheme != "s3":
        raise SourceError(f"{place}: {scheme}:// is not known; write a path, a file:// or s3:// URL, or format: sql")
    import s3fs

    options = storage.options() if storage else {}
    return s3fs.S3FileSystem(**options, default_block_size=_OBJECT_BLOCK_BYTES, use_listings_cache=False)


def make_view(engine: Engine, name: str, source: Source, files: FoundFiles) -> None:
    """Its rows are read when a step asks for them, and then streamed. Raises SourceError."""
    paths = "[" + ", ".join(map(text, files.addresses)) + "]"
    options = "".join(f", {key} = {value}" for key, value in _options(source).items())
    read = f"{_READERS[source.kind]}({paths}{options})"
    try:
        engine.run(f"CREATE VIEW {quoted(name)} AS SELECT {_typed(source)} FROM {read}")  # noqa: S608  all is quoted
    except duckdb.Error as error:
        raise SourceError(f"source {name}: cannot read {source.url}: {reason(error)}") from None


def _typed(source: Source) -> str:
    if source.kind is not Format.PARQUET or not source.types:
        return "*"
    casts = ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in source.types.items())
    return f"* REPLACE ({casts})"


def _options(source: Source) -> dict[str, str]:
    options = {}
    if source.kind is Format.CSV:
        options["buffer_size"] = str(_TEXT_BUFFER_BYTES)
    if source.kind is Format.JSONL:
        options["format"] = "'newline_delimited'"
    if source.types and source.kind is Format.CSV:
        options["types"] = "{" + ", ".join(f"{text(key)}: {text(kind)}" for key, kind in source.types.items()) + "}"
    if source.kind is Format.CSV and source.delimiter is not None:
        options["delim"] = text(source.delimiter)
    if source.kind is Format.CSV and source.header is not None:
        options["header"] = str(source.header).lower()
    return options
