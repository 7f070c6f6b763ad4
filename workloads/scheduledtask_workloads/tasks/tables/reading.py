"""A table read by DuckDB: only the columns and rows that are asked for get into memory."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from scheduledtask_workloads.tasks.tables.errors import TableError
from scheduledtask_workloads.tasks.tables.storage import Storage, options_for

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_READERS = {"csv": "read_csv", "tsv": "read_csv", "parquet": "read_parquet"}
_PACKED = (".gz", ".zst")


def read_table(
    source: str,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    sample_rows: int | None = None,
    seed: int = 0,
    storage: Storage | None = None,
) -> "pd.DataFrame":
    """CSV or Parquet from a path, a pattern such as `/data/*.parquet`, or an fsspec URL such as `s3://bucket/key.csv`.

    `columns` and their order; None for all but `exclude`. Of more than `sample_rows` rows so many are drawn, the same
    for the same seed. Raises TableError.
    """
    import duckdb

    try:
        with duckdb.connect(config={"autoinstall_known_extensions": False}) as database:
            address = _address(database, source, storage)
            named = _column_names(database, source, address)
            _refuse_unknown(source, named, [*(columns or ()), *exclude])
            wanted = list(columns) if columns is not None else [name for name in named if name not in exclude]
            return database.execute(_query(source, wanted, sample_rows, seed), [address]).df()
    except (duckdb.Error, OSError, ValueError, ImportError) as error:
        raise TableError(
            f"cannot read {source}: {_reason(error)}; check that it is there, and its storage and keys"
        ) from error


def column_names(source: str, storage: Storage | None = None) -> list[str]:
    """Of the table that `read_table` would read; no row is. Raises TableError."""
    import duckdb

    try:
        with duckdb.connect(config={"autoinstall_known_extensions": False}) as database:
            return _column_names(database, source, _address(database, source, storage))
    except (duckdb.Error, OSError, ValueError, ImportError) as error:
        raise TableError(
            f"cannot read {source}: {_reason(error)}; check that it is there, and its storage and keys"
        ) from error


def _reason(error: Exception) -> str:
    """One line; what went wrong in fsspec reaches DuckDB as a whole traceback, whose end tells."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[-1] if "Traceback" in lines[0] else lines[0]


def _address(database: "duckdb.DuckDBPyConnection", source: str, storage: Storage | None) -> str:
    """As DuckDB takes it. Its own client of object storage would have to be downloaded; fsspec's is installed."""
    parts = urlsplit(source)
    if "://" not in source:
        return source
    if parts.scheme == "file":
        return unquote(parts.path)
    import fsspec

    database.register_filesystem(fsspec.filesystem(parts.scheme, **options_for(source, storage)))
    return source


def _column_names(database: "duckdb.DuckDBPyConnection", source: str, address: str) -> list[str]:
    found = database.execute(f"SELECT * FROM {_reader(source)}(?) LIMIT 0", [address]).description  # noqa: S608
    return [str(column[0]) for column in found or ()]


def _reader(source: str) -> str:
    name = source.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    ending = name.rsplit(".", 1)[-1]
    if ending not in _READERS:
        raise TableError(f"source {source!r} ends in .{ending}; give .csv, .tsv or .parquet, plain or .gz or .zst")
    return _READERS[ending]


def _refuse_unknown(source: str, named: Sequence[str], asked: Sequence[str]) -> None:
    unknown = [name for name in asked if name not in named]
    if unknown:
        raise TableError(f"no column {', '.join(map(repr, unknown))} in {source}; it has {', '.join(named)}")


def _query(source: str, columns: Sequence[str], sample_rows: int | None, seed: int) -> str:
    """Names are quoted; the address is bound. Drawing is the same for a seed on one thread only."""
    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    rows = f"SELECT {quoted} FROM {_reader(source)}(?)"  # noqa: S608
    if sample_rows is None:
        return rows
    return f"SET threads = 1; {rows} USING SAMPLE reservoir({sample_rows} ROWS) REPEATABLE ({seed})"
