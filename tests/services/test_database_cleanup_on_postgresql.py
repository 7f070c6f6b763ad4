"""The task `database-cleanup` on PostgreSQL: old rows go, in batches, and the others stay."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
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
    given = {"url": server.url, "schema": "audit", "table": 'odd " name', "age_column": "when", "max_age": "30d"}
    order = order_for("database-cleanup", given | arguments)
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
    assert (report.result["deleted"], report.result["batches"], report.result["complete"]) == (OLD, 3, True)


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
