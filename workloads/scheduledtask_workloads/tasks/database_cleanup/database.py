"""The database: how it is connected to, and which table refers to which."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from math import ceil
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from scheduledtask_workloads.tasks.database_cleanup.errors import CleanupError

TableName = tuple[str | None, str]  # schema, table; the default schema by its name

_KEEPING = frozenset({None, "NO ACTION", "RESTRICT"})


def connect(url: str, lock_timeout_seconds: float, statement_timeout_seconds: float) -> sa.Engine:
    """Raises CleanupError for a SQLite file that is not there, SQLAlchemyError for what is no URL."""
    parsed = sa.make_url(url)
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        _check_file(parsed)
        engine = sa.create_engine(parsed, connect_args={"timeout": lock_timeout_seconds})
        sa.event.listen(engine, "connect", _enforce_foreign_keys)
        return engine
    if kind == "postgresql":
        return sa.create_engine(parsed, connect_args=_timeouts(lock_timeout_seconds, statement_timeout_seconds))
    return sa.create_engine(parsed)


def _timeouts(lock_seconds: float, statement_seconds: float) -> dict[str, Any]:
    limits = {"lock_timeout": lock_seconds, "statement_timeout": statement_seconds}
    return {
        "connect_timeout": max(2, ceil(statement_seconds)),  # libpq takes less for 2
        "options": " ".join(f"-c {name}={ceil(seconds * 1000)}" for name, seconds in limits.items()),
    }


def _enforce_foreign_keys(connection: Any, _record: object) -> None:
    """SQLite does so only where it is asked to."""
    connection.execute("PRAGMA foreign_keys = ON")


def _check_file(url: sa.URL) -> None:
    """SQLite would make an empty database of a file that is not there."""
    file = url.database
    if file and file != ":memory:" and not file.startswith("file:") and not Path(file).exists():
        raise CleanupError(f"{url.render_as_string()}: there is no file {file!r}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of `child` to `parent`. `keeps`: rows of the parent cannot go while it refers to them."""

    child: TableName
    parent: TableName
    columns: tuple[tuple[str, str], ...]  # child's, parent's
    keeps: bool


def references(engine: sa.Engine, schemas: Iterable[str | None]) -> list[Reference]:
    """All foreign keys of the tables in these schemas and the default one."""
    inspector = sa.inspect(engine)
    default = inspector.default_schema_name
    of_sqlite = _sqlite_actions(engine) if engine.dialect.name == "sqlite" else {}
    found: dict[Reference, None] = {}
    for schema in {default, *(schema or default for schema in schemas)}:
        for (_, table), keys in inspector.get_multi_foreign_keys(schema=schema).items():
            for key in keys:
                reference = Reference(
                    child=(schema, table),
                    parent=(key["referred_schema"] or default, key["referred_table"]),
                    columns=tuple(zip(key["constrained_columns"], key["referred_columns"], strict=True)),
                    keeps=_on_delete(table, key, of_sqlite) in _KEEPING,
                )
                found[reference] = None
    return list(found)


def _on_delete(table: str, key: Any, of_sqlite: dict[tuple[str, str], str]) -> str | None:
    told: str | None = key.get("options", {}).get("ondelete")
    return of_sqlite.get((table, key["constrained_columns"][0]), told)


def _sqlite_actions(engine: sa.Engine) -> dict[tuple[str, str], str]:
    """By table and first column. SQLAlchemy reads them from a table's text, and not from every way to write it."""
    query = 'SELECT m.name, k."from", k.on_delete FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS k'
    with engine.connect() as connection:
        return {(table, column): action for table, column, action in connection.exec_driver_sql(query)}


def children_first(tables: Sequence[TableName], known: Iterable[Reference]) -> list[TableName]:
    """Each once, before those that it refers to. Raises CleanupError for a ring."""
    sorter: TopologicalSorter[TableName] = TopologicalSorter({table: set() for table in tables})
    for reference in known:
        if {reference.child, reference.parent} <= set(tables) and reference.child != reference.parent:
            sorter.add(reference.parent, reference.child)
    try:
        return list(sorter.static_order())
    except CycleError as error:
        ring = " -> ".join(table for _, table in error.args[1])
        raise CleanupError(f"tables: foreign keys lead in a ring, {ring}; clean them by ScheduledTasks apart") from None
