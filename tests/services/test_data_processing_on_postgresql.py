"""`data-processing` streams from PostgreSQL and writes to it in one transaction."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.processed_data import SLOT, perform
from tests.services.packages import postgres_programs
from tests.services.postgres_server import PostgresServer

from scheduledtask_workloads.contract import AttemptReport, RunState

SCHEMA = """
DROP TABLE IF EXISTS events, sums;
CREATE TABLE events (id BIGINT, moment TIMESTAMPTZ, amount NUMERIC(12, 2), body JSONB, tag UUID, note TEXT);
INSERT INTO events SELECT n, '2026-05-01 12:00Z'::timestamptz - n * interval '1 minute', n * 0.1, '{"a": 1}',
  gen_random_uuid(), CASE WHEN n % 2 = 0 THEN 'even' END FROM generate_series(1, 20000) AS n;
"""
QUERY = "SELECT * FROM events WHERE moment >= $slot_start AND moment < $slot_end"
STEPS = [
    {"name": "s", "sql": "SELECT note, max(moment) AS last, sum(amount)::DECIMAL(18, 2) AS total FROM t GROUP BY ALL"}
]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer(postgres_programs()) as server:
        yield server


@pytest.fixture
def database(server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute(SCHEMA)
        yield connection


def process(folder: Path, server: PostgresServer, **arguments: Any) -> AttemptReport:
    given: dict[str, Any] = {
        "sources": {"t": {"url": server.url, "format": "sql", "query": QUERY}},
        "steps": STEPS,
        "window": "240h",
        "sink": {"url": server.url, "format": "sql", "table": "sums", "mode": "append-slot"},
    }
    return perform(folder, **(given | arguments))


def test_rows_of_a_slot_are_written_and_replaced(
    tmp_path: Path, server: PostgresServer, database: psycopg.Connection[Any]
) -> None:
    for _ in range(2):
        report = process(tmp_path, server)
        assert report.state is RunState.SUCCEEDED, report.message
        assert report.result["sources"][0]["rows"] == 14400
        assert "cleaner" in report.result["url"]
    found = database.execute("SELECT note, total, last, slot FROM sums ORDER BY note").fetchall()
    assert [(note, float(total)) for note, total, *_ in found] == [("even", 5184720.0), (None, 5184000.0)]
    assert found[1][2].timestamp() == SLOT.timestamp() - 60
    assert {slot for *_, slot in found} == {SLOT}


def test_a_failure_in_the_middle_changes_nothing(
    tmp_path: Path, server: PostgresServer, database: psycopg.Connection[Any]
) -> None:
    """The table refuses one of the rows after it has taken others, and the old ones are gone by then."""
    assert process(tmp_path, server).state is RunState.SUCCEEDED
    database.execute("ALTER TABLE sums ADD CHECK (note <> 'n19999')")
    before = database.execute("SELECT * FROM sums ORDER BY total").fetchall()
    many = [{"name": "s", "sql": "SELECT 'n' || id AS note, moment AS last, amount AS total FROM t"}]
    report = process(tmp_path, server, steps=many, window="600h")

    assert report.state is RunState.FAILED
    assert "violates check constraint" in report.message
    assert database.execute("SELECT * FROM sums ORDER BY total").fetchall() == before


def test_types_come_through(tmp_path: Path, server: PostgresServer, database: psycopg.Connection[Any]) -> None:
    report = process(tmp_path, server, dry_run=True, steps=[{"name": "s", "sql": "FROM t"}])

    assert report.result["steps"]["s"] == {
        "id": "BIGINT",
        "moment": "TIMESTAMP WITH TIME ZONE",
        "amount": "DECIMAL(38,10)",
        "body": "JSON",
        "tag": "UUID",
        "note": "VARCHAR",
    }
    assert database.execute("SELECT to_regclass('sums')").fetchone() == (None,)


def test_a_bad_query_is_a_plain_message(
    tmp_path: Path, server: PostgresServer, database: psycopg.Connection[Any]
) -> None:
    source = {"url": server.url, "format": "sql", "query": "SELECT nothing FROM events"}
    report = process(tmp_path, server, sources={"t": source})

    assert 'column "nothing" does not exist' in report.message
    assert server.url not in report.message
