"""Rows from and to databases, through SQLAlchemy: streamed in, and out in one transaction."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from scheduledtask_workloads.tasks.data_processing.engine import Engine, quoted
from scheduledtask_workloads.tasks.data_processing.errors import ProcessingError, SinkError, SourceError, reason
from scheduledtask_workloads.tasks.data_processing.settings import Mode, Sink, Source
from scheduledtask_workloads.tasks.data_processing.slots import SlotTimes

BATCH_ROWS = 5000
CONNECT_SECONDS = 10

_DUCKDB_TYPES: Mapping[type, str] = {
    bool: "BOOLEAN",
    int: "BIGINT",
    float: "DOUBLE",
    Decimal: "DECIMAL(38, 10)",
    str: "VARCHAR",
    bytes: "BLOB",
    memoryview: "BLOB",
    date: "DATE",
    time: "TIME",
    uuid.UUID: "UUID",
    dict: "JSON",
    list: "JSON",
}


@contextmanager
def connected(place: str, url: str, kind: type[ProcessingError]) -> Iterator[sa.Connection]:
    """A transaction, which is rolled back unless it is committed. Raises `kind` for whatever SQLAlchemy raises."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise kind(
            f"{place}: url is none of SQLAlchemy's; it is like postgresql+psycopg://user:password@host/db"
        ) from None
    try:
        _check_file(place, parsed, kind)
        timeout = {"connect_timeout": CONNECT_SECONDS} if parsed.get_backend_name() == "postgresql" else {}
        database = sa.create_engine(parsed, connect_args=timeout, poolclass=sa.NullPool)
        with database.connect() as connection:
            yield connection
    except sa.exc.SQLAlchemyError as error:
        told = reason(getattr(error, "orig", None) or error)
        raise kind(f"{place}: {parsed.render_as_string()}: {told}") from None
    except ImportError as error:
        raise kind(f"{place}: {parsed.drivername} needs a module that is not installed: {error.name}") from None


def _check_file(place: str, url: sa.URL, kind: type[ProcessingError]) -> None:
    """SQLite would make an empty database of a file that is not there."""
    file = url.database
    if url.get_backend_name() == "sqlite" and file and not file.startswith("file:") and not Path(file).exists():
        raise kind(f"{place}: there is no file {file!r}")


def bring_in(engine: Engine, name: str, source: Source, times: SlotTimes, most_batches: int | None = None) -> int:
    """The query's rows as a table; how many. Raises SourceError, SlotError."""
    place = f"source {name}"
    query, bound = times.in_query(source.query or "", place)
    url = times.in_url(source.url, place)
    with connected(place, url, SourceError) as connection:
        streaming = connection.execution_options(stream_results=True, max_row_buffer=BATCH_ROWS)
        with streaming.execute(sa.text(query), _plain(bound, connection.dialect.name)) as found:
            if not found.returns_rows:
                raise SourceError(f"{place}: query returns no rows; it has to be a SELECT")
            incoming = _Incoming(engine, name, list(found.keys()), source.types)
            for number, batch in enumerate(found.partitions(BATCH_ROWS), start=1):
                engine.check()
                incoming.add(batch)
                if number == most_batches:
                    break
            incoming.add(())
    return incoming.count


def _plain(bound: Mapping[str, datetime], dialect: str) -> dict[str, Any]:
    """SQLite has no times: they are texts there, as SQLAlchemy writes them."""
    if dialect != "sqlite":
        return dict(bound)
    return {name: f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}" for name, at in bound.items()}


class _Incoming:
    """A table whose types are those of the first batch: what does not fit later is an error, never rounded."""

    def __init__(self, engine: Engine, name: str, columns: list[str], types: Mapping[str, str]) -> None:
        self._engine, self._name, self._columns, self._given = engine, name, columns, types
        self._types: list[str] | None = None
        self.count = 0
        unknown = sorted(set(types) - set(columns))
        if unknown:
            raise SourceError(
                f"source {name}: types: there is no column {unknown[0]!r}; there are {', '.join(columns)}"
            )
        if len(set(columns)) < len(columns):
            raise SourceError(f"source {name}: two columns of the query have the same name; rename them by AS")

    def add(self, batch: Sequence[Sequence[Any]]) -> None:
        if self._types is None:
            self._types = [self._type(index, batch) for index in range(len(self._columns))]
            made = ", ".join(
                f"{quoted(column)} {kind}" for column, kind in zip(self._columns, self._types, strict=True)
            )
            self._engine.run(f"CREATE TABLE {quoted(self._name)} ({made})")
        if not batch:
            return
        import pandas as pd

        for index, column in enumerate(self._columns):
            self._require(column, self._types[index], _kinds(row[index] for row in batch))
        columns = {
            f"c{index}": pd.Series([_value(row[index]) for row in batch], dtype=object)
            for index in range(len(self._columns))
        }
        casts = ", ".join(f"CAST(c{index} AS {kind})" for index, kind in enumerate(self._types))
        self._engine.database.register("scheduledtask_batch", pd.DataFrame(columns))
        try:
            self._engine.run(f"INSERT INTO {quoted(self._name)} SELECT {casts} FROM scheduledtask_batch")  # noqa: S608
        except duckdb.Error as error:
            raise SourceError(
                f"source {self._name}: {reason(error)}; types names columns that are not to be guessed"
            ) from None
        finally:
            self._engine.database.unregister("scheduledtask_batch")
        self.count += len(batch)

    def _type(self, index: int, batch: Sequence[Sequence[Any]]) -> str:
        column = self._columns[index]
        if column in self._given:
            return self._given[column]
        kinds = _kinds(row[index] for row in batch)
        if kinds == {"BIGINT", "DOUBLE"}:
            return "DOUBLE"
        if len(kinds) > 1:
            raise SourceError(self._mixed(column, kinds))
        return next(iter(kinds), "VARCHAR")

    def _require(self, column: str, kind: str, kinds: set[str]) -> None:
        fits = {kind, "BIGINT"} if kind in {"DOUBLE", "DECIMAL(38, 10)"} else {kind}
        if column not in self._given and not kinds <= fits:
            raise SourceError(self._mixed(column, kinds | {kind}))

    def _mixed(self, column: str, kinds: set[str]) -> str:
        return (
            f"source {self._name}: column {column!r} has values of {' and '.join(sorted(kinds))} (one that begins with"
            " NULLs is taken for VARCHAR); write its type in types"
        )


def _kinds(values: Iterable[Any]) -> set[str]:
    return {_kind(kind, value) for kind, value in {type(value): value for value in values if value is not None}.items()}


def _kind(kind: type, value: Any) -> str:
    if kind is datetime:
        return "TIMESTAMPTZ" if value.tzinfo else "TIMESTAMP"
    return _DUCKDB_TYPES.get(kind, "VARCHAR")


def _value(value: Any) -> Any:
    if isinstance(value, dict | list):
        import json

        return json.dumps(value, default=str)
    if isinstance(value, datetime) and value.tzinfo:
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00"
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, memoryview):
        return bytes(value)
    return value if type(value) in _DUCKDB_TYPES or isinstance(value, datetime) or value is None else str(value)


class OutgoingTable:
    """The last step's rows replace those of a table, or of one slot in it, in one transaction."""

    def __init__(self, engine: Engine, step: str, sink: Sink, slot: datetime | None) -> None:
        self._engine, self._step, self._sink = engine, step, sink
        self._slot = slot if sink.mode is Mode.APPEND_SLOT else None
        described = engine.rows(f"DESCRIBE {quoted(step)}")
        self._columns = {str(name): str(kind) for name, kind, *_ in described}
        if self._slot is not None and sink.slot_column in self._columns:
            raise SinkError(
                f"sink: the last step has a column {sink.slot_column!r}, which is where the slot goes; rename one"
            )

    def write(self, url: str) -> int:
        """How many rows. Raises SinkError: then nothing has changed."""
        with connected("sink", url, SinkError) as connection:
            table = self._table(connection)
            gone = sa.delete(table)
            if self._slot is not None:
                gone = gone.where(table.c[self._sink.slot_column] == self._slot_for(table))
            connection.execute(gone)
            written = 0
            for batch in self._batches(table):
                self._engine.check()
                connection.execute(sa.insert(table), batch)
                written += len(batch)
            self._engine.check()
            connection.commit()
        return written

    def _slot_for(self, table: sa.Table) -> datetime | None:
        zoned = getattr(table.c[self._sink.slot_column].type, "timezone", False)
        return self._slot if zoned or self._slot is None else self._slot.replace(tzinfo=None)

    def _table(self, connection: sa.Connection) -> sa.Table:
        name, schema = self._sink.table or "", self._sink.schema_name
        wanted = [*self._columns, *([self._sink.slot_column] if self._slot is not None else [])]
        if sa.inspect(connection).has_table(name, schema=schema):
            table = sa.Table(name, sa.MetaData(), schema=schema, autoload_with=connection)
            missing = [column for column in wanted if column not in table.c]
            if missing:
                raise SinkError(
                    f"sink: table {name!r} has no column {missing[0]!r}; it has {', '.join(table.c.keys())}"
                )
            return table
        columns = [sa.Column(column, _sql_type(kind)) for column, kind in self._columns.items()]
        if self._slot is not None:
            columns.append(
                sa.Column(self._sink.slot_column, sa.DateTime(timezone=connection.dialect.name != "sqlite"), index=True)
            )
        table = sa.Table(name, sa.MetaData(), *columns, schema=schema)
        table.create(connection)
        return table

    def _batches(self, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
        """By ranges of the stored step, so that no result is in memory as a whole."""
        names = list(self._columns)
        values = ", ".join(_fetched(name, kind) for name, kind in self._columns.items())
        zoned = [name for name, kind in self._columns.items() if kind == "TIMESTAMP WITH TIME ZONE"]
        extra = {self._sink.slot_column: self._slot_for(table)} if self._slot is not None else {}
        query = f"SELECT {values} FROM {quoted(self._step)} WHERE rowid >= $1 AND rowid < $2 ORDER BY rowid"  # noqa: S608
        [(total,)] = self._engine.rows(f"SELECT count(*) FROM {quoted(self._step)}")  # noqa: S608
        for first in range(0, total, BATCH_ROWS):
            rows = self._engine.rows(query, [first, first + BATCH_ROWS])
            yield [_in_utc(dict(zip(names, row, strict=True)), zoned) | extra for row in rows]


def _in_utc(row: dict[str, Any], zoned: Sequence[str]) -> dict[str, Any]:
    return row | {name: row[name].replace(tzinfo=UTC) for name in zoned if row[name] is not None}


_SQL_TYPES: Mapping[str, sa.types.TypeEngine[Any]] = {
    "BOOLEAN": sa.Boolean(),
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"), sa.BigInteger()),
    **dict.fromkeys(("HUGEINT", "UBIGINT", "UHUGEINT"), sa.Numeric(39, 0)),
    **dict.fromkeys(("FLOAT", "DOUBLE"), sa.Double()),
    "DATE": sa.Date(),
    "TIME": sa.Time(),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), sa.DateTime()),
    "TIMESTAMP WITH TIME ZONE": sa.DateTime(timezone=True),
    "BLOB": sa.LargeBinary(),
}


def _sql_type(kind: str) -> sa.types.TypeEngine[Any]:
    if kind.startswith("DECIMAL("):
        precision, scale = kind[8:-1].split(",")
        return sa.Numeric(int(precision), int(scale))
    return _SQL_TYPES.get(kind, sa.Text())


def _fetched(name: str, kind: str) -> str:
    """Times of a zone come as UTC's, and what databases have no type for as text."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({quoted(name)} AS TIMESTAMP)"
    return quoted(name) if kind in _SQL_TYPES or kind.startswith("DECIMAL(") else f"CAST({quoted(name)} AS VARCHAR)"
