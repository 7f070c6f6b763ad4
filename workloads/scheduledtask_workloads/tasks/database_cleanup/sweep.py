"""The statements: everything named is looked up in the database first, everything given is a bound value."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

import sqlalchemy as sa

from scheduledtask_workloads.tasks.database_cleanup.database import Reference
from scheduledtask_workloads.tasks.database_cleanup.errors import CleanupError
from scheduledtask_workloads.tasks.database_cleanup.rules import Condition, TableRule

Keep = Callable[[Sequence[sa.RowMapping]], None]
Key = tuple[Any, ...]

_COMPARISONS: dict[str, Callable[[sa.ColumnElement[Any], Any], sa.ColumnElement[bool]]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column != value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "like": lambda column, value: column.like(value),
    "in": lambda column, value: column.in_(value),
    "not_in": lambda column, value: column.not_in(value),
    "is_null": lambda column, _: column.is_(None),
    "not_null": lambda column, _: column.is_not(None),
}


@dataclass(frozen=True, slots=True)
class OldRows:
    """Those of one table that a rule means. Rows without an age stay, and so do those that others refer to."""

    engine: sa.Engine
    table: sa.Table
    age: sa.Column[Any]
    cutoff: datetime
    wanted: sa.ColumnElement[bool]
    unreferenced: sa.ColumnElement[bool]
    again: bool  # the table refers to itself: what goes sets others free
    by_age: bool  # an index leads to the oldest; else the key is walked once

    @classmethod
    def find(cls, engine: sa.Engine, rule: TableRule, known: Sequence[Reference], now: datetime) -> Self:
        """Raises CleanupError for a table, key or column that is not there or does not serve."""
        table = _reflected(engine, rule.table, rule.schema_name)
        if not table.primary_key.columns:
            raise CleanupError(f"table {table.fullname!r} has no primary key; rows cannot be deleted in batches")
        age = _column(table, rule.age_column)
        cutoff = now - timedelta(seconds=rule.max_age)
        schema = rule.schema_name or sa.inspect(engine).default_schema_name
        keeping = [each for each in known if each.keeps and each.parent == (schema, rule.table)]
        return cls(
            engine=engine,
            table=table,
            age=age,
            cutoff=cutoff,
            wanted=sa.and_(age < _threshold(age, cutoff), *(_held(table, each) for each in rule.where)),
            unreferenced=sa.and_(sa.true(), *(_no_child(table, each) for each in keeping)),
            again=any(each.child == each.parent for each in keeping),
            by_age=_leads(table, age),
        )

    def count(self) -> int:
        """Those that could go now."""
        statement = sa.select(sa.func.count()).select_from(self.table).where(self.wanted, self.unreferenced)
        with self.engine.connect() as connection:
            return connection.execute(statement).scalar_one()

    def batches(self, limit: int, keep: Keep | None) -> Iterator[int]:
        """Delete, `limit` at most in each transaction; the rows that went in it. `keep` gets them before they do."""
        after: Key | None = None
        in_this_walk = 0
        while True:
            removed, last = self._delete(limit, after, keep)
            in_this_walk += removed
            if removed:
                yield removed
            after = None if self.by_age else last
            if last is None or (self.by_age and not removed):
                if not (self.again and in_this_walk):
                    return
                after, in_this_walk = None, 0

    def _delete(self, limit: int, after: Key | None, keep: Keep | None) -> tuple[int, Key | None]:
        """What went, and the last key looked at; None: there was none left."""
        with self.engine.begin() as connection:
            keys = [tuple(row) for row in connection.execute(self._next(limit, after))]
            if not keys:
                return 0, None
            # The rule is asked again: a row that somebody has just renewed stays.
            statement = sa.delete(self.table).where(_one_of(self._key, keys), self.wanted)
            if keep is None:
                return connection.execute(statement).rowcount, keys[-1]
            rows = connection.execute(statement.returning(*self.table.columns)).mappings().all()
            if rows:
                keep(rows)  # in the transaction: what could not be kept does not go
            return len(rows), keys[-1]

    def _next(self, limit: int, after: Key | None) -> sa.Select[Any]:
        order = [self.age, *self._key] if self.by_age else self._key
        statement = sa.select(*self._key).where(self.wanted, self.unreferenced).order_by(*order).limit(limit)
        if after is not None:
            statement = statement.where(_beyond(self._key, after))
        if self.engine.dialect.name == "postgresql":
            return statement.with_for_update(skip_locked=True, of=self.table)  # what others hold is for the next run
        return statement

    @property
    def _key(self) -> list[sa.Column[Any]]:
        return list(self.table.primary_key.columns)


def _reflected(engine: sa.Engine, table: str, schema: str | None) -> sa.Table:
    try:
        return sa.Table(table, sa.MetaData(), schema=schema, autoload_with=engine, resolve_fks=False)
    except sa.exc.NoSuchTableError:
        names = sa.inspect(engine).get_table_names(schema=schema)
        raise CleanupError(f"{engine.url.render_as_string()} has no table {table!r}; {_hint(table, names)}") from None


def _column(table: sa.Table, name: str) -> sa.Column[Any]:
    if name not in table.columns:
        hint = _hint(name, table.columns.keys())
        raise CleanupError(f"table {table.fullname!r} has no column {name!r}; {hint}")
    return table.columns[name]


def _hint(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there is {', '.join(names) or 'none'}"


def _threshold(age: sa.Column[Any], cutoff: datetime) -> date | float:
    """The cutoff in the column's own type."""
    kind = age.type
    if isinstance(kind, sa.DateTime):
        return cutoff if kind.timezone else cutoff.astimezone(UTC).replace(tzinfo=None)
    if isinstance(kind, sa.Date):
        return cutoff.date()
    if isinstance(kind, sa.Integer):
        return int(cutoff.timestamp())
    if isinstance(kind, sa.Numeric):
        return cutoff.timestamp()
    column = f"column {age.name!r} of {age.table.fullname!r}"
    raise CleanupError(f"{column} is {kind}; the age must be a date, a time or Unix seconds")


def _held(table: sa.Table, condition: Condition) -> sa.ColumnElement[bool]:
    column = _column(table, condition.column)
    given = condition.value
    value = [_typed(column, each) for each in given] if isinstance(given, list) else _typed(column, given)
    return _COMPARISONS[condition.op](column, value)


def _typed(column: sa.Column[Any], value: Any) -> Any:
    """Dates and times are given as text."""
    kinds = {sa.DateTime: datetime.fromisoformat, sa.Date: date.fromisoformat}
    for kind, read in kinds.items():
        if isinstance(column.type, kind) and value is not None:
            try:
                return read(value)
            except (TypeError, ValueError):
                raise CleanupError(
                    f"where: {value!r} is no {kind.__name__.lower()} for column {column.name!r}; write 2026-01-31"
                ) from None
    return value


def _no_child(table: sa.Table, reference: Reference) -> sa.ColumnElement[bool]:
    schema, name = reference.child
    child = sa.table(name, *(sa.column(own) for own, _ in reference.columns), schema=schema).alias()
    pairs = (child.c[own] == table.columns[theirs] for own, theirs in reference.columns)
    return ~sa.exists(sa.select(sa.literal_column("1")).select_from(child).where(*pairs).correlate(table))


def _leads(table: sa.Table, age: sa.Column[Any]) -> bool:
    """Is there an index whose first column it is."""
    return any(next(iter(index.columns), None) is age for index in table.indexes)


def _one_of(key: Sequence[sa.Column[Any]], keys: Sequence[Key]) -> sa.ColumnElement[bool]:
    if len(key) == 1:
        return key[0].in_([values[0] for values in keys])
    return sa.tuple_(*key).in_(keys)


def _beyond(key: Sequence[sa.Column[Any]], after: Key) -> sa.ColumnElement[bool]:
    """In the order of the key; written out, for not every database compares tuples."""
    further: sa.ColumnElement[bool] = key[0] > after[0]
    if len(key) == 1:
        return further
    return sa.or_(further, sa.and_(key[0] == after[0], _beyond(key[1:], after[1:])))
