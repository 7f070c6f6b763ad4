"""`data-processing` reads each format and writes each, in files of this machine and in SQLite."""

import functools
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests import processed_data

from scheduledtask_workloads.contract import AttemptReport, RunState

ROWS = [(1, "a", 1.5), (2, "b", 2.5), (3, None, -1.0)]

Perform = Callable[..., AttemptReport]


@pytest.fixture
def perform(tmp_path: Path) -> Perform:
    return functools.partial(processed_data.perform, tmp_path)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    rows = "SELECT * FROM (VALUES (1, 'a', 1.5), (2, 'b', 2.5), (3, NULL, -1.0)) AS t (id, name, amount)"
    with duckdb.connect() as database:
        for name, options in (
            ("t.csv", "HEADER"),
            ("t.csv.gz", "FORMAT csv, HEADER, COMPRESSION gzip"),
            ("t.parquet", "FORMAT parquet"),
            ("t.jsonl", "FORMAT json"),
        ):
            database.execute(f"COPY ({rows}) TO '{folder / name}' ({options})")
    with closing(sqlite3.connect(folder / "t.db")) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER, name TEXT, amount REAL)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", ROWS)
    return folder


def read(path: Path | str, reader: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as database:
        return database.execute(f"SELECT id, name, amount FROM {reader}('{path}') ORDER BY id").fetchall()  # noqa: S608


def plain(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(number, name, float(amount)) for number, name, amount in rows]


@pytest.mark.parametrize("source", ["t.csv", "t.csv.gz", "t.parquet", "t.jsonl", "t.db"])
@pytest.mark.parametrize(
    ("sink", "reader"), [("out.csv", "read_csv"), ("out.parquet", "read_parquet"), ("out.jsonl", "read_json")]
)
def test_every_format_becomes_every_other(
    perform: Perform, inputs: Path, tmp_path: Path, source: str, sink: str, reader: str
) -> None:
    given = {"url": str(inputs / source)}
    if source == "t.db":
        given = {"url": f"sqlite:///{inputs / source}", "format": "sql", "query": "SELECT * FROM t"}
    report = perform(
        sources={"t": given}, steps=[{"name": "all_rows", "sql": "FROM t"}], sink={"url": str(tmp_path / "to" / sink)}
    )

    assert report.state is RunState.SUCCEEDED, report.message
    assert plain(read(tmp_path / "to" / sink, reader)) == ROWS
    assert [file.name for file in (tmp_path / "to").iterdir()] == [sink]
    assert report.result["rows"] == 3
    assert not list((tmp_path / "scratch").iterdir())


def test_steps_build_on_each_other(perform: Perform, inputs: Path, tmp_path: Path) -> None:
    steps = [
        {"name": "named", "sql": "SELECT * FROM t WHERE name IS NOT NULL;", "store": True},
        {"name": "sums", "sql": "SELECT count(*) AS id, max(named.name) AS name,\n sum(amount) AS amount FROM named"},
    ]
    perform(sources={"t": {"url": str(inputs / "t.csv")}}, steps=steps, sink={"url": str(tmp_path / "out.parquet")})

    assert read(tmp_path / "out.parquet", "read_parquet") == [(2, "b", 4.0)]


def test_many_files_are_one_source(perform: Perform, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"part-{number}.csv").write_text(f"id,name,amount\n{number},n{number},0.5\n")
    report = perform(
        sources={"t": {"url": f"file://{tmp_path}/part-*.csv", "types": {"amount": "DECIMAL(9, 2)"}}},
        steps=[{"name": "s", "sql": "FROM t"}],
        sink={"url": f"file://{tmp_path}/out.parquet"},
    )

    assert report.result["sources"] == [{"name": "t", "files": 3, "bytes": 3 * 24, "rows": None}]
    assert [row[0] for row in read(tmp_path / "out.parquet", "read_parquet")] == [0, 1, 2]


def test_rows_of_a_table_are_replaced(perform: Perform, inputs: Path) -> None:
    sink = {"url": f"sqlite:///{inputs}/t.db", "format": "sql", "table": "copy"}
    for _ in range(2):
        report = perform(
            sources={"t": {"url": str(inputs / "t.csv")}}, steps=[{"name": "s", "sql": "FROM t"}], sink=sink
        )
        assert report.state is RunState.SUCCEEDED, report.message
    with closing(sqlite3.connect(inputs / "t.db")) as connection:
        assert connection.execute("SELECT * FROM copy ORDER BY id").fetchall() == ROWS


def test_columns_become_folders(perform: Perform, inputs: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("id,name,amount\n1,../../x,1\n2,a b/c,2\n3,,3\n4,../../x,4\n")
    report = perform(
        sources={"t": {"url": str(tmp_path / "odd.csv")}},
        steps=[{"name": "s", "sql": "FROM t"}],
        sink={"url": str(tmp_path / "lake"), "format": "parquet", "partition_by": ["name"], "order_by": ["id"]},
    )

    assert report.state is RunState.SUCCEEDED, report.message
    assert sorted(path.name for path in (tmp_path / "lake").iterdir()) == [
        "_SUCCESS",
        "name=..%2F..%2Fx",
        "name=__HIVE_DEFAULT_PARTITION__",
        "name=a%20b%2Fc",
    ]
    with duckdb.connect() as database:
        pattern = f"{tmp_path}/lake/*/*.parquet"
        found = database.execute(f"SELECT id, name FROM read_parquet('{pattern}') ORDER BY id").fetchall()  # noqa: S608
    assert found == [(1, "../../x"), (2, "a b/c"), (3, None), (4, "../../x")]


def test_types_of_a_database_are_kept_or_refused_never_rounded(perform: Perform, inputs: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(inputs / "t.db")) as connection, connection:
        connection.execute("CREATE TABLE odd (id, name, amount)")
        big = 2**60 + 1
        connection.executemany("INSERT INTO odd VALUES (?, ?, ?)", [(n, "x", big) for n in range(6000)])
    source = {"url": f"sqlite:///{inputs}/t.db", "format": "sql", "query": "SELECT * FROM odd"}
    arguments = {
        "sources": {"t": source},
        "steps": [{"name": "s", "sql": "SELECT max(id) AS id, max(name) AS name, min(amount) AS amount FROM t"}],
        "sink": {"url": str(tmp_path / "out.parquet")},
    }
    assert perform(**arguments).state is RunState.SUCCEEDED
    assert read(tmp_path / "out.parquet", "read_parquet") == [(5999, "x", big)]

    with closing(sqlite3.connect(inputs / "t.db")) as connection, connection:
        connection.execute("INSERT INTO odd VALUES (9, 'x', 1.5)")
    report = perform(**arguments)
    assert "column 'amount' has values of BIGINT and DOUBLE" in report.message
    assert read(tmp_path / "out.parquet", "read_parquet") == [(5999, "x", big)]


def test_a_dry_run_shows_the_plan_and_writes_nothing(perform: Perform, inputs: Path, tmp_path: Path) -> None:
    report = perform(
        sources={"t": {"url": str(inputs / "t.csv")}},
        steps=[{"name": "s", "sql": "SELECT id, $slot AS at FROM t"}],
        sink={"url": str(tmp_path / "to" / "{slot:%Y/%m}.csv")},
        dry_run=True,
    )

    assert report.state is RunState.SUCCEEDED, report.message
    assert report.result["steps"] == {"s": {"id": "BIGINT", "at": "TIMESTAMP"}}
    assert report.result["sources"][0] | {"bytes": 0} == {"name": "t", "files": 1, "bytes": 0, "rows": 3}
    assert report.result["url"] == str(tmp_path / "to/2026/05.csv")
    assert not (tmp_path / "to").exists()
