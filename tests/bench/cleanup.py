"""`database-cleanup` deletes a million rows from a SQLite file: how long, and with how much memory of its process."""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

ROWS = 1_000_000
_BODY = """
import json, sys
from pathlib import Path
from tests.task_orders import catalog_of, order_for
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import database_cleanup
rule = {"table": "events", "age_column": "at", "max_age": "30d"}
arguments = {"url": f"sqlite:///{sys.argv[1]}", "tables": [rule], "batch_size": int(sys.argv[3])}
order = order_for("database-cleanup", arguments, timeout_seconds=600.0)
report = execute(order, output=Path(sys.argv[2]), catalog=catalog_of(database_cleanup))
print(json.dumps([report.result and report.result["deleted"], report.ended_at - report.started_at]))
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""


def measure(rows: int = ROWS, batch_size: int = 1000, *, indexed: bool = True) -> dict[str, float]:
    """`seconds` of the body, `peak_bytes` of its process, `deleted` rows."""
    with tempfile.TemporaryDirectory(prefix="scheduledtask-bench-") as folder:
        database = Path(folder) / "events.db"
        _fill(database, rows, indexed)
        command = [sys.executable, "-c", _BODY, str(database), str(Path(folder) / "output"), str(batch_size)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
    outcome, peak_kib = ended.stdout.splitlines()[-2:]
    deleted, seconds = json.loads(outcome)
    return {"deleted": deleted, "seconds": round(seconds, 1), "peak_bytes": int(peak_kib) * 1024}


def _fill(database: Path, rows: int, indexed: bool) -> None:
    text = "x" * 100
    at = int(time.time()) - 40 * 86400
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, at INTEGER, text TEXT)")
        connection.executemany("INSERT INTO events (at, text) VALUES (?, ?)", ((at - n, text) for n in range(rows)))
        if indexed:
            connection.execute("CREATE INDEX events_at ON events (at)")


if __name__ == "__main__":
    for with_index in (True, False):
        print(f"index on the age: {with_index}:", json.dumps(measure(indexed=with_index)))
