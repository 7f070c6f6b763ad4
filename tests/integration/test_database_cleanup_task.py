"""`database-cleanup` deletes what is too old and nothing else, from real SQLite files."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import database_cleanup

DAY_SECONDS = 86400
OLD, YOUNG = 25, 10  # rows

Perform = Callable[..., AttemptReport]


def days_ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """25 rows of 40 days, 10 of one day, one without age; the table's name needs quotes."""
    path = tmp_path / "events.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            'CREATE TABLE "odd "" name" (id INTEGER PRIMARY KEY, "when" TIMESTAMP, day DATE, unix INTEGER, text TEXT)'
        )
        for days in [40] * OLD + [1] * YOUNG:
            row = (days_ago(days), days_ago(days)[:10], int(time.time() - days * DAY_SECONDS), days_ago(days))
            connection.execute('INSERT INTO "odd "" name" ("when", day, unix, text) VALUES (?, ?, ?, ?)', row)
        connection.execute('INSERT INTO "odd "" name" DEFAULT VALUES')
        connection.execute("CREATE TABLE pairs (a INTEGER, b TEXT, at TIMESTAMP, PRIMARY KEY (a, b))")
        connection.executemany(
            "INSERT INTO pairs VALUES (?, ?, ?)", [(n % 3, str(n), days_ago(40 if n % 2 else 1)) for n in range(20)]
        )
        connection.execute("CREATE TABLE keyless (at TIMESTAMP)")
    return path


@pytest.fixture
def perform(database: Path, tmp_path: Path) -> Perform:
    def perform(**arguments: Any) -> AttemptReport:
        rule = {"table": 'odd " name', "age_column": "when", "max_age": "30d"}
        rule |= {name: arguments.pop(name) for name in [*rule, "where", "archive"] if name in arguments}
        order = order_for("database-cleanup", {"url": f"sqlite:///{database}", "tables": [rule]} | arguments)
        return execute(order, output=tmp_path / "output", catalog=catalog_of(database_cleanup))

    return perform


def count(database: Path, table: str = '"odd "" name"') -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


@pytest.mark.parametrize("column", ["when", "day", "unix"])
def test_old_rows_go_and_young_and_ageless_ones_stay(perform: Perform, database: Path, column: str) -> None:
    report = perform(age_column=column)

    assert report.state is RunState.SUCCEEDED, report.message
    [of_table] = report.result.pop("tables")
    assert report.result == {"dry_run": False, "complete": True, "matched": OLD, "deleted": OLD}
    assert of_table | {"cutoff": ""} == {
        "table": 'odd " name',
        "cutoff": "",
        "matched": OLD,
        "deleted": OLD,
        "batches": 1,
        "archived": 0,
        "complete": True,
    }
    assert count(database) == YOUNG + 1


def test_batches_are_bounded(perform: Perform, database: Path) -> None:
    report = perform(batch_size=10)

    assert (report.result["deleted"], report.result["tables"][0]["batches"]) == (OLD, 3)
    assert "progress 40 %: 10 of 25 rows deleted" in report.output


def test_a_run_may_stop_early_and_the_next_one_goes_on(perform: Perform, database: Path) -> None:
    first = perform(batch_size=10, max_batches=2).result
    assert (first["deleted"], first["complete"]) == (20, False)

    second = perform(batch_size=10, max_batches=2).result
    assert (second["deleted"], second["complete"]) == (5, True)


def test_a_dry_run_counts_and_deletes_nothing(perform: Perform, database: Path) -> None:
    result = perform(dry_run=True).result

    assert (result["matched"], result["deleted"], result["complete"]) == (OLD, 0, False)
    assert count(database) == OLD + YOUNG + 1


def test_a_key_of_two_columns_will_do(perform: Perform, database: Path) -> None:
    result = perform(table="pairs", age_column="at", batch_size=3).result

    assert (result["deleted"], result["tables"][0]["batches"]) == (10, 4)
    assert count(database, "pairs") == 10


def test_nothing_to_delete_is_success(perform: Perform) -> None:
    result = perform(max_age="100d").result

    assert (result["matched"], result["deleted"], result["complete"]) == (0, 0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"table": "pair"}, "has no table 'pair'; did you mean 'pairs'?"),
        ({"table": 'x"; DROP TABLE pairs; --'}, "has no table"),
        ({"age_column": "wen"}, "has no column 'wen'; did you mean 'when'?"),
        ({"age_column": "text"}, "is TEXT; the age must be a date, a time or Unix seconds"),
        ({"table": "keyless", "age_column": "at"}, "table 'keyless' has no primary key"),
        ({"url": "sqlite:///no-such-file.db"}, "there is no file 'no-such-file.db'"),
        ({"url": "nonsense"}, "Could not parse SQLAlchemy URL"),
    ],
)
def test_what_is_not_there_is_named(perform: Perform, database: Path, arguments: dict[str, Any], message: str) -> None:
    report = perform(**arguments)

    assert (report.state, report.reason) == (RunState.FAILED, Reason.RAISED)
    assert message in report.message
    assert count(database, "pairs") == 20
    assert not Path("no-such-file.db").exists()


def test_a_password_is_not_shown(perform: Perform) -> None:
    report = perform(url="sqlite://user:secret@/no-such-file.db")

    assert report.state is RunState.FAILED
    assert "secret" not in report.message
