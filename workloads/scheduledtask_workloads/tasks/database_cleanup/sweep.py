"""The statements: everything named is looked up in the database first, everything given is a bound value."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from scheduledtask_workloads.tasks.database_cleanup.errors import CleanupError


@dataclass(frozen=True, slots=True)
class OldRows:
    """Those of one table whose age column lies before `cutoff` (UTC). Rows without an age stay.

    The age column wants an index: each batch asks for the oldest rows.
    """

    engine: sa.Engine
    table: sa.Table
    age: sa.Column[Any]
    cutoff: datetime

    @classmethod
    def find(cls, engine: sa.Engine, table: str, schema: str | None, age_column: str, cutoff: datetime) -> Self:
        """Raises CleanupError for a database, table, key or column that is not there or does not serve."""
        found = _reflected(engine, table, schema)
        if not found.primary_key.columns:
            raise CleanupError(f"table {found.fullname!r} has no primary key; rows cannot be deleted in batches")
        if age_column not in found.columns:
            hint = _hint(age_column, found.columns.keys())
            raise CleanupError(f"table {found.fullname!r} has no column {age_column!r}; {hint}")
        rows = cls(engine, found, found.columns[age_column], cutoff)
        rows._threshold()
        return rows

    def count(self) -> int:
        statement = sa.select(sa.func.count()).select_from(self.table).where(self._is_old())
        with self.engine.connect() as connection:
            return connection.execute(statement).scalar_one()

    def delete(self, limit: int) -> int:
        """Delete the oldest, `limit` at most, in one transaction. The number of rows that went."""
        key = list(self.table.primary_key.columns)
        oldest = sa.select(*key).where(self._is_old()).order_by(self.age, *key).limit(limit)
        with self.engine.begin() as connection:
            keys = [tuple(row) for row in connection.execute(oldest)]
            if not keys:
                return 0
            # The age is asked again: a row that somebody has just renewed stays.
            return connection.execute(sa.delete(self.table).where(_one_of(key, keys), self._is_old())).rowcount

    def _is_old(self) -> sa.ColumnElement[bool]:
        return self.age < self._threshold()

    def _threshold(self) -> date | float:
        """The cutoff in the column's own type."""
        kind = self.age.type
        if isinstance(kind, sa.DateTime):
            return self.cutoff if kind.timezone else self.cutoff.astimezone(UTC).replace(tzinfo=None)
        if isinstance(kind, sa.Date):
            return self.cutoff.date()
        if isinstance(kind, sa.Integer):
            return int(self.cutoff.timestamp())
        if isinstance(kind, sa.Numeric):
            return self.cutoff.timestamp()
        column = f"column {self.age.name!r} of {self.table.fullname!r}"
        raise CleanupError(f"{column} is {kind}; the age must be a date, a time or Unix seconds")


def _one_of(key: list[sa.Column[Any]], keys: list[tuple[Any, ...]]) -> sa.ColumnElement[bool]:
    if len(key) == 1:
        return key[0].in_([values[0] for values in keys])
    return sa.tuple_(*key).in_(keys)


def _reflected(engine: sa.Engine, table: str, schema: str | None) -> sa.Table:
    _check_file(engine.url)
    try:
        return sa.Table(table, sa.MetaData(), schema=schema, autoload_with=engine, resolve_fks=False)
    except sa.exc.NoSuchTableError:
        names = sa.inspect(engine).get_table_names(schema=schema)
        raise CleanupError(f"{engine.url.render_as_string()} has no table {table!r}; {_hint(table, names)}") from None


def _check_file(url: sa.URL) -> None:
    """SQLite would make an empty database of a file that is not there."""
    file = url.database
    named = url.get_backend_name() == "sqlite" and file and file != ":memory:" and not file.startswith("file:")
    if named and not Path(file or "").exists():
        raise CleanupError(f"{url.render_as_string()}: there is no file {file!r}")


def _hint(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there is {', '.join(names) or 'none'}"
