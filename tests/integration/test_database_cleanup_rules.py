"""`database-cleanup` by rules: conditions, foreign keys, archives; what is given never becomes part of a statement."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import database_cleanup

SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, at TIMESTAMP);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers, state TEXT, at TIMESTAMP);
CREATE TABLE lines (id INTEGER PRIMARY KEY, "order" INTEGER REFERENCES orders ON DELETE CASCADE, at TIMESTAMP);
CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES tree, at TIMESTAMP);
INSERT INTO customers SELECT value, 'name', '2020-01-01 00:00:00' FROM generate_series(1, 10);
INSERT INTO orders SELECT value, value, iif(value % 2, 'done', 'open'),
  iif(value > 8, '2999-01-01 00:00:00', '2020-01-01 00:00:00') FROM generate_series(1, 10);
INSERT INTO lines SELECT value, value, '2020-01-01 00:00:00' FROM generate_series(1, 10);
INSERT INTO tree SELECT value, nullif(value - 1, 0), '2020-01-01 00:00:00' FROM generate_series(1, 5);
"""
SERIES = "(WITH RECURSIVE s(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s WHERE value < {}) SELECT * FROM s)"

Perform = Callable[..., AttemptReport]


def schema() -> str:
    return SCHEMA.replace("generate_series(1, 10)", SERIES.format(10)).replace(
        "generate_series(1, 5)", SERIES.format(5)
    )


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(schema())
    return path


@pytest.fixture
def perform(database: Path, tmp_path: Path) -> Perform:
    def perform(*rules: dict[str, Any], **arguments: Any) -> AttemptReport:
        tables = [{"age_column": "at", "max_age": "30d", **rule} for rule in rules]
        order = order_for("database-cleanup", {"url": f"sqlite:///{database}", "tables": tables, **arguments})
        return execute(order, output=tmp_path / "output", catalog=catalog_of(database_cleanup))

    return perform


def ids(database: Path, table: str) -> list[int]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute(f"SELECT id FROM {table} ORDER BY id")]  # noqa: S608


@pytest.mark.parametrize(
    ("where", "left"),
    [
        ([{"column": "state", "value": "done"}], [2, 4, 6, 8, 9, 10]),
        ([{"column": "state", "op": "ne", "value": "done"}], [1, 3, 5, 7, 9, 10]),
        ([{"column": "id", "op": "in", "value": [1, 2]}], [3, 4, 5, 6, 7, 8, 9, 10]),
        ([{"column": "id", "op": "not_in", "value": [1, 2]}], [1, 2, 9, 10]),
        (
            [{"column": "id", "op": "gt", "value": 3}, {"column": "id", "op": "le", "value": 5}],
            [1, 2, 3, 6, 7, 8, 9, 10],
        ),
        ([{"column": "state", "op": "like", "value": "d%"}], [2, 4, 6, 8, 9, 10]),
        ([{"column": "state", "op": "is_null"}], list(range(1, 11))),
        ([{"column": "state", "op": "not_null"}], [9, 10]),
        ([{"column": "at", "op": "lt", "value": "2019-01-01"}], list(range(1, 11))),
    ],
)
def test_only_rows_for_which_all_conditions_hold_go(
    perform: Perform, database: Path, where: list[dict[str, Any]], left: list[int]
) -> None:
    report = perform({"table": "orders", "where": where})

    assert report.state is RunState.SUCCEEDED, report.message
    assert ids(database, "orders") == left


def test_tables_are_cleaned_in_the_order_that_foreign_keys_ask_for(perform: Perform, database: Path) -> None:
    report = perform({"table": "customers"}, {"table": "orders"}, {"table": "lines"}, batch_size=3)

    assert report.state is RunState.SUCCEEDED, report.message
    assert [(each["table"], each["deleted"]) for each in report.result["tables"]] == [
        ("lines", 10),
        ("orders", 8),
        ("customers", 8),
    ]
    assert ids(database, "customers") == [9, 10], "orders that are young keep their customers"


def test_rows_that_others_refer_to_stay(perform: Perform, database: Path) -> None:
    report = perform({"table": "customers"})

    assert (report.result["matched"], report.result["complete"]) == (0, True)
    assert len(ids(database, "customers")) == 10


def test_a_table_that_refers_to_itself_is_cleaned_from_its_leaves(perform: Perform, database: Path) -> None:
    report = perform({"table": "tree"}, batch_size=2)

    assert report.state is RunState.SUCCEEDED, report.message
    assert ids(database, "tree") == []


def test_an_index_of_the_age_leads_to_the_same_end(perform: Perform, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript("CREATE INDEX orders_at ON orders (at); CREATE INDEX tree_at ON tree (at);")
    report = perform({"table": "orders"}, {"table": "tree"}, batch_size=3)

    assert report.state is RunState.SUCCEEDED, report.message
    assert (ids(database, "orders"), ids(database, "tree")) == ([9, 10], [])


def test_what_goes_is_archived_first(perform: Perform, database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    report = perform({"table": "orders", "archive": folder.as_uri()}, batch_size=3)

    assert report.state is RunState.SUCCEEDED, report.message
    assert report.result["tables"][0]["archived"] == 3
    files = sorted((folder / "orders").iterdir())
    assert [file.name for file in files] == [f"subject-1-1-{number:06d}.parquet" for number in range(3)]
    rows = [row for file in files for row in pyarrow.parquet.read_table(file).to_pylist()]
    assert [row["id"] for row in rows] == list(range(1, 9))
    assert (rows[0]["state"], rows[0]["at"].year) == ("done", 2020)


def test_what_cannot_be_archived_stays(perform: Perform, database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE orders SET customer = NULL")
        connection.execute("UPDATE orders SET customer = 'no number' WHERE id = 2")
    report = perform({"table": "orders", "archive": str(tmp_path / "archive")})

    assert (report.state, report.reason) == (RunState.FAILED, Reason.RAISED)
    assert "does not fit its table's types" in report.message
    assert len(ids(database, "orders")) == 10


def test_a_file_of_an_archive_is_never_written_over(perform: Perform, database: Path, tmp_path: Path) -> None:
    rule = {"table": "orders", "archive": str(tmp_path / "archive")}
    assert perform(rule, max_batches=1, batch_size=2).state is RunState.SUCCEEDED
    report = perform(rule)

    assert "FileExistsError" in report.message
    assert ids(database, "orders") == list(range(3, 11))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"table": "orders", "where": [{"column": "stat", "value": 1}]}, "no column 'stat'; did you mean 'state'?"),
        ({"table": "orders", "where": [{"column": "at", "value": "soon"}]}, "'soon' is no datetime"),
        ({"table": "orders", "where": [{"column": "id", "op": "in", "value": 1}]}, "in takes a list"),
        ({"table": "orders", "where": [{"column": "id", "op": "eq", "value": [1]}]}, "eq takes one value"),
        ({"table": "orders", "where": [{"column": "id", "op": "is_null", "value": 1}]}, "is_null takes no value"),
    ],
)
def test_rules_that_do_not_fit_are_refused(
    perform: Perform, database: Path, rule: dict[str, Any], message: str
) -> None:
    report = perform({"table": "lines"}, rule)

    assert report.state is RunState.FAILED
    assert message in report.message
    assert len(ids(database, "lines")) == 10, "rules are looked at before the first row goes"


SHARP = st.text(alphabet=st.sampled_from("'\"`;-()%_\\/*=, \x00abOR1DELETEorders"), min_size=1, max_size=30)
TRIES = st.sampled_from(
    ["1 OR 1=1", "'; DROP TABLE orders; --", '" OR ""="', "orders; DELETE FROM lines", "') OR 1=1 --"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=SHARP | TRIES, place=st.sampled_from(["table", "age_column", "schema", "column", "value", "like", "in"]))
def test_no_text_becomes_part_of_a_statement(perform: Perform, database: Path, text: str, place: str) -> None:
    rule: dict[str, Any] = {"table": "orders"}
    if place in {"table", "age_column", "schema"}:
        rule[place] = text
    elif place == "column":
        rule["where"] = [{"column": text, "value": 1}]
    else:
        op, value = {"value": ("eq", text), "like": ("eq", text), "in": ("in", [text])}[place]
        rule["where"] = [{"column": "state", "op": op, "value": value}]
    perform(rule)

    assert all(len(ids(database, table)) == count for table, count in {"orders": 10, "lines": 10, "tree": 5}.items())


KILLED = """
import sys
from pathlib import Path
from tests.task_orders import catalog_of, order_for
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import database_cleanup
rule = {"table": "events", "age_column": "at", "max_age": "1d"}
arguments = {"url": f"sqlite:///{sys.argv[1]}", "tables": [rule], "batch_size": 100}
execute(order_for("database-cleanup", arguments), output=Path(sys.argv[2]), catalog=catalog_of(database_cleanup))
"""


def test_a_kill_in_the_middle_leaves_no_half_batch(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, at INTEGER)")
        connection.executemany("INSERT INTO events (at) VALUES (?)", [(1,)] * 100_000)
    program = [sys.executable, "-c", KILLED, str(path), str(tmp_path / "output")]
    process = subprocess.Popen(program, cwd=Path(__file__).parents[2])
    try:
        deadline = time.monotonic() + 30
        while rows(path) == 100_000 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()

    left = rows(path)
    assert 0 < left < 100_000
    assert left % 100 == 0


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])
