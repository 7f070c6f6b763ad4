"""What `data-processing` publishes is whole, checked, and the same again; what it must not do, it does not."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.processed_data import SLOT, contents, perform

from scheduledtask_workloads.contract import AttemptReport, RunState

DEADLINE_SECONDS = 60.0
STEPS = [{"name": "s", "sql": "SELECT *, $slot AS processed FROM t WHERE moment >= $slot_start AND moment < $slot_end"}]
ENDLESS = "SELECT count(*) AS n FROM range(100000000) AS a, range(100000000) AS b WHERE hash(a.range, b.range) = 7"


@pytest.fixture
def events(tmp_path: Path) -> Path:
    file = tmp_path / "events.csv"
    lines = [f"{n},{SLOT - timedelta(minutes=n):%Y-%m-%d %H:%M:%S},kind-{n % 3}" for n in range(180)]
    file.write_text("\n".join(["id,moment,kind", *lines]) + "\n")
    return file


def process(folder: Path, events: Path, **arguments: Any) -> AttemptReport:
    given = {"sources": {"t": {"url": str(events)}}, "steps": STEPS, "window": "1h"}
    return perform(folder, **(given | arguments))


def lake(folder: Path, **fields: Any) -> dict[str, Any]:
    return {"url": str(folder / "lake"), "format": "parquet", "mode": "append-slot", "order_by": ["id"]} | fields


@pytest.mark.parametrize("partition_by", [[], ["kind"]])
def test_a_slot_run_again_writes_the_same_bytes(tmp_path: Path, events: Path, partition_by: list[str]) -> None:
    sink = lake(tmp_path, partition_by=partition_by)
    first = process(tmp_path, events, sink=sink)
    assert first.state is RunState.SUCCEEDED, first.message
    before = contents(tmp_path / "lake")

    second = process(tmp_path, events, sink=sink)
    assert contents(tmp_path / "lake") == before
    assert (first.result["rows"], second.result["rows"]) == (60, 60)
    manifest = json.loads(before["slot=20260501T120000Z/_SUCCESS"])
    assert manifest["slot"] == SLOT.isoformat()
    assert sum(file["rows"] for file in manifest["files"]) == 60


def test_slots_stand_beside_each_other(tmp_path: Path, events: Path) -> None:
    for slot in (SLOT, SLOT - timedelta(hours=1)):
        assert process(tmp_path, events, sink=lake(tmp_path), slot=slot).result["rows"] in {59, 60}
    assert sorted(contents(tmp_path / "lake")) == [
        f"slot=20260501T{hour}0000Z/{name}" for hour in (11, 12) for name in ("_SUCCESS", "data.parquet")
    ]


def test_a_slot_run_again_replaces_its_own_rows_of_a_table(tmp_path: Path, events: Path) -> None:
    database = tmp_path / "t.db"
    sqlite3.connect(database).close()
    sink = {"url": f"sqlite:///{database}", "format": "sql", "table": "t", "mode": "append-slot"}
    for slot in (SLOT, SLOT - timedelta(hours=1), SLOT):
        report = process(tmp_path, events, sink=sink, slot=slot)
        assert report.state is RunState.SUCCEEDED, report.message
    with closing(sqlite3.connect(database)) as connection:
        counted = connection.execute("SELECT slot, count(*), count(DISTINCT id) FROM t GROUP BY slot").fetchall()
    assert [rows for _, *rows in counted] == [[60, 60], [60, 60]]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"unique": ["kind"]}, "check c: 3 rows fail, such as {kind: "),
        (
            {"sql": "SELECT id, moment FROM s WHERE id = 5"},
            "check c: 1 rows fail, such as {id: 5, moment: 2026-05-01 11:55:00}",
        ),
        ({"sql": "SELECT id FROM s WHERE id < 9", "samples": 0}, "check c: 8 rows fail"),
        ({"row_count": {"min": 61}}, "check c: s has 60 rows; it has to have at least 61"),
        ({"row_count": {"max": 9}, "step": "t"}, "check c: t has 180 rows; it has to have at most 9"),
        ({"sql": "SELECT nothing FROM s"}, 'check c: Binder Error: Referenced column "nothing" not found'),
    ],
)
def test_a_check_that_fails_publishes_nothing(
    tmp_path: Path, events: Path, check: dict[str, Any], message: str
) -> None:
    assert process(tmp_path, events, sink=lake(tmp_path)).state is RunState.SUCCEEDED
    before = contents(tmp_path / "lake")
    sink = lake(tmp_path, compression="gzip")
    report = process(tmp_path, events, sink=sink, checks=[{"name": "c"} | check, {"name": "d", "not_null": ["id"]}])

    assert report.state is RunState.FAILED
    assert message in report.message
    assert ("such as" in report.message) == ("such as" in message)
    assert contents(tmp_path / "lake") == before
    assert not list(tmp_path.glob(".scheduledtask-*"))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '{folder}/other.csv'",
        "SELECT * FROM read_csv('{folder}/../../../../../../etc/passwd')",
        "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
        "SELECT getenv('PATH')",
        "SELECT * FROM sqlite_scan('{folder}/x.db', 'x')",
        "COPY t TO '{folder}/stolen.csv'",
        "ATTACH '{folder}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 64",
        "RESET lock_configuration",
        "PRAGMA enable_profiling",
        "CREATE TABLE x AS SELECT 1",
        "EXPORT DATABASE '{folder}/x'",
        "SELECT 1; COPY t TO '{folder}/stolen.csv'",
        "SELECT 1) TO '{folder}/stolen.csv'; COPY (SELECT 1",
        "",
        "SELECT * FROM pandas_scan(0)",
        "SELECT * FROM report",
    ],
)
@pytest.mark.parametrize("place", ["step", "check"])
def test_sql_reaches_nothing_but_the_sources(tmp_path: Path, events: Path, sql: str, place: str) -> None:
    (tmp_path / "other.csv").write_text("secret\nhidden\n")
    sql = sql.replace("{folder}", str(tmp_path)) or "-- nothing"
    arguments: dict[str, Any] = {"steps": [{"name": "s", "sql": sql}]}
    if place == "check":
        arguments = {"checks": [{"name": "s", "sql": sql}]}
    report = process(tmp_path, events, sink={"url": str(tmp_path / "out.csv")}, **arguments)

    assert report.state is RunState.FAILED
    assert report.message.startswith(f"StepError: {place} s: "), report.message
    assert "root:" not in report.message + report.output
    assert not (tmp_path / "out.csv").exists()
    assert not (tmp_path / "stolen.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": [{"name": "s", "sql": "SELECT id,\n nme FROM t"}]}, "LINE 2:"),
        (
            {"steps": [{"name": "s", "sql": "SELECT id::INTEGER / 0, kind::INTEGER FROM t"}]},
            "step s, as it was written",
        ),
        ({"sources": {"t": {"url": "/no/such-*.csv"}}}, "source t: there is no file /no/such-*.csv"),
        ({"sources": {"t": {"url": "ftp://host/x.csv"}}}, "source t: ftp:// is not known"),
        ({"sink": {"url": "/tmp/{slot.__class__}.csv"}}, "sink: a placeholder is {slot}"),
        ({"sink": {"url": "{folder}/filled", "format": "csv", "partition_by": ["kind"]}}, "no run wrote it"),
        ({"sink": {"url": "{folder}/filled", "format": "csv"}}, "is a folder"),
        ({"sink": {"url": "{folder}/x.csv", "order_by": ["nme"]}}, "has no column 'nme'; it has id"),
        (
            {"sink": {"url": "postgresql://u:hidden@127.0.0.1:1/d", "format": "sql", "table": "t"}},
            "sink: postgresql://u:***@",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, events: Path, arguments: dict[str, Any], message: str) -> None:
    (tmp_path / "filled").mkdir()
    (tmp_path / "filled" / "mine.txt").write_text("kept")
    filled = json.loads(json.dumps(arguments).replace("{folder}", str(tmp_path)))
    report = process(tmp_path, events, **({"sink": {"url": str(tmp_path / "out.csv")}} | filled))

    assert report.state is RunState.FAILED
    assert message in report.message
    assert "hidden" not in report.message
    assert (tmp_path / "filled" / "mine.txt").read_text() == "kept"
    assert "Traceback" not in report.message


BODY = """
import json, sys
from datetime import datetime
from pathlib import Path
from tests.processed_data import perform
perform(Path(sys.argv[1]), **json.loads(sys.argv[2]))
"""


def test_a_kill_in_the_middle_leaves_nothing_and_the_next_attempt_cleans_up(tmp_path: Path, events: Path) -> None:
    assert process(tmp_path, events, sink=lake(tmp_path)).state is RunState.SUCCEEDED
    before = contents(tmp_path / "lake")
    arguments = {
        "sources": {"t": {"url": str(events)}},
        "steps": [{"name": "s", "sql": "SELECT range AS id, md5(range::VARCHAR) AS kind FROM range(3000000000)"}],
        "sink": {"url": str(tmp_path / "lake"), "format": "csv", "mode": "append-slot"},
    }
    body = subprocess.Popen(
        [sys.executable, "-c", BODY, str(tmp_path), json.dumps(arguments)], cwd=Path(__file__).parents[2]
    )
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not any(path.stat().st_size for path in (tmp_path / "lake").glob(".scheduledtask-*/*")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        os.kill(body.pid, signal.SIGKILL)
        body.wait()
    visible = {path: data for path, data in contents(tmp_path / "lake").items() if not path.startswith(".")}
    assert visible == before
    assert len(contents(tmp_path / "lake")) > len(before)

    assert process(tmp_path, events, sink=lake(tmp_path), attempt=2).state is RunState.SUCCEEDED
    assert contents(tmp_path / "lake") == before
    assert not list((tmp_path / "scratch").iterdir())


def test_a_run_that_is_cancelled_stops_its_query(tmp_path: Path, events: Path) -> None:
    """The host asks by SIGTERM, which is what the worker sends."""
    timer = threading.Timer(1.0, os.kill, [os.getpid(), signal.SIGTERM])
    timer.start()
    report = process(tmp_path, events, steps=[{"name": "s", "sql": ENDLESS}], sink={"url": str(tmp_path / "out.csv")})
    timer.join()

    assert report.state is RunState.CANCELLED
    assert not (tmp_path / "out.csv").exists()


def test_a_slot_gone_by_can_be_asked_for(tmp_path: Path, events: Path) -> None:
    given = {"slot": None, "steps": [{"name": "s", "sql": "FROM t WHERE moment <= $slot"}]}
    sink = {"url": str(tmp_path / "{slot:%H}.csv")}
    assert "this run has no slot" in process(tmp_path, events, sink=sink, **given).message

    asked = given | {"arguments": {"slot": "2026-05-01T13:00:00+02:00"}}
    assert process(tmp_path, events, sink=sink, **asked).result["rows"] == 120
    assert (tmp_path / "11.csv").exists()
