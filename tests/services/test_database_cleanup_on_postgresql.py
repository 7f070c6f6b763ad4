"""The task `database-cleanup` on PostgreSQL: old rows go, in batches, and the others stay."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet
import pytest
from psycopg import sql
from tests.services.packages import postgres_programs
from tests.services.postgres_server import PostgresServer
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import database_cleanup

OLD, YOUNG = 2500, 10  # rows

SCHEMA = """
CREATE SCHEMA audit;
CREATE TABLE audit."odd "" name" (
  id BIGSERIAL PRIMARY KEY, "when" TIMESTAMPTZ, plain TIMESTAMP, day DATE, unix BIGINT);
INSERT INTO audit."odd "" name" ("when", plain, day, unix)
  SELECT at, at AT TIME ZONE 'UTC', at::date, extract(epoch FROM at)
  FROM (SELECT now() - interval '40 days' AS at FROM generate_series(1, 2500)
        UNION ALL SELECT now() - interval '1 day' FROM generate_series(1, 10)) AS ages;
INSERT INTO audit."odd "" name" DEFAULT VALUES;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer(postgres_programs()) as server:
        yield server


@pytest.fixture
def database(server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS audit CASCADE")
        connection.execute(SCHEMA)
        yield connection


def clean(server: PostgresServer, output: Path, **arguments: Any) -> AttemptReport:
    rule = {"schema": "audit", "table": 'odd " name', "age_column": "when", "max_age": "30d"}
    rule |= {name: arguments.pop(name) for name in [*rule, "where", "archive"] if name in arguments}
    order = order_for("database-cleanup", {"url": server.url, "tables": [rule]} | arguments)
    return execute(order, output=output, catalog=catalog_of(database_cleanup))


def count(database: psycopg.Connection[Any]) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("audit", 'odd " name'))
    row = database.execute(query).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("column", ["when", "plain", "day", "unix"])
def test_old_rows_go_in_batches_and_those_without_an_age_stay(
    server: PostgresServer, database: psycopg.Connection[Any], tmp_path: Path, column: str
) -> None:
    report = clean(server, tmp_path / "output", age_column=column)

    assert report.state is RunState.SUCCEEDED, report.message
    assert count(database) == YOUNG + 1
    assert isinstance(report.result, dict)
    assert (report.result["deleted"], report.result["complete"]) == (OLD, True)
    assert report.result["tables"][0]["batches"] == 3


def test_a_run_goes_on_where_the_one_before_it_stopped(
    server: PostgresServer, database: psycopg.Connection[Any], tmp_path: Path
) -> None:
    first = clean(server, tmp_path / "output", max_batches=1)
    second = clean(server, tmp_path / "output")

    assert isinstance(first.result, dict)
    assert isinstance(second.result, dict)
    assert (first.result["deleted"], first.result["complete"]) == (1000, False)
    assert (second.result["deleted"], second.result["complete"]) == (OLD - 1000, True)


def test_a_dry_run_deletes_nothing(server: PostgresServer, database: psycopg.Connection[Any], tmp_path: Path) -> None:
    report = clean(server, tmp_path / "output", dry_run=True)

    assert isinstance(report.result, dict)
    assert (report.result["matched"], report.result["deleted"]) == (OLD, 0)
    assert count(database) == OLD + YOUNG + 1


def test_a_wrong_password_fails_the_run_and_is_not_shown(server: PostgresServer, tmp_path: Path) -> None:
    report = clean(server, tmp_path / "output", url=server.url.replace("cleaner:", "cleaner:not-"))

    assert report.state is RunState.FAILED
    assert report.reason is Reason.RAISED
    assert "not-" not in report.message


SHOP = """
CREATE TABLE audit.orders (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), "when" TIMESTAMPTZ, price NUMERIC(9, 2));
CREATE TABLE audit.lines (id SERIAL PRIMARY KEY, "order" UUID REFERENCES audit.orders, "when" TIMESTAMPTZ);
INSERT INTO audit.orders ("when", price) SELECT now() - interval '40 days', 12.30 FROM generate_series(1, 50);
INSERT INTO audit.lines ("order", "when") SELECT id, now() - interval '40 days' FROM audit.orders;
UPDATE audit.lines SET "when" = now() WHERE id <= 5;
"""


def test_children_go_first_and_parents_of_young_ones_stay(
    server: PostgresServer, database: psycopg.Connection[Any], tmp_path: Path
) -> None:
    database.execute(SHOP)
    rules = [
        {"schema": "audit", "table": name, "age_column": "when", "max_age": "30d", "archive": str(tmp_path / "archive")}
        for name in ("orders", "lines")
    ]
    report = clean(server, tmp_path / "output", tables=rules)

    assert report.state is RunState.SUCCEEDED, report.message
    assert isinstance(report.result, dict)
    assert [(each["table"], each["deleted"]) for each in report.result["tables"]] == [
        ("audit.lines", 45),
        ("audit.orders", 45),
    ]
    [file] = (tmp_path / "archive" / "audit%2eorders").iterdir()
    kept = pyarrow.parquet.read_table(file).to_pylist()
    assert (len(kept), kept[0]["price"]) == (45, "12.30")


def test_rows_that_somebody_else_holds_are_left_to_the_next_run(
    server: PostgresServer, database: psycopg.Connection[Any], tmp_path: Path
) -> None:
    with psycopg.connect(server.conninfo) as other:
        other.execute('SELECT * FROM audit."odd "" name" WHERE id <= 7 FOR UPDATE')
        report = clean(server, tmp_path / "output", lock_timeout=1)

    assert isinstance(report.result, dict), report.message
    assert (report.result["deleted"], report.result["complete"]) == (OLD - 7, False)


def test_a_table_that_is_locked_ends_the_run_in_time(
    server: PostgresServer, database: psycopg.Connection[Any], tmp_path: Path
) -> None:
    with psycopg.connect(server.conninfo) as other:
        other.execute('LOCK TABLE audit."odd "" name" IN SHARE MODE')
        report = clean(server, tmp_path / "output", lock_timeout=0.2)

    assert report.state is RunState.FAILED
    assert "lock timeout" in report.message


def test_a_statement_that_takes_too_long_is_ended(
    server: PostgresServer, database: psycopg.Connection[Any], tmp_path: Path
) -> None:
    database.execute(
        "CREATE FUNCTION audit.slow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(30); RETURN OLD; END $$;"
        'CREATE TRIGGER slow BEFORE DELETE ON audit."odd "" name" FOR EACH ROW EXECUTE FUNCTION audit.slow();'
    )
    report = clean(server, tmp_path / "output", statement_timeout=0.5)

    assert "statement timeout" in report.message
    assert count(database) == OLD + YOUNG + 1
