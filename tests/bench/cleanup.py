"""`database-cleanup` deletes a million rows from a SQLite file: how long, and with how much memory of its process."""

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.bench.task_cost import Measured, perform

ROWS = 1_000_000


def measure(rows: int = ROWS, batch_size: int = 1000, *, indexed: bool = True) -> Measured:
    """`indexed`: the column of the age has an index."""
    with tempfile.TemporaryDirectory(prefix="scheduledtask-bench-") as folder:
        database = Path(folder) / "events.db"
        _fill(database, rows, indexed)
        rule = {"table": "events", "age_column": "at", "max_age": "30d"}
        arguments = {"url": f"sqlite:///{database}", "tables": [rule], "batch_size": batch_size}
        load = f"{rows:,} rows of SQLite{'' if indexed else ', no index on the age'}, {batch_size:,} a batch"
        measured = perform("database-cleanup", load, arguments)
    assert measured.result["deleted"] == rows, measured.result
    return measured


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
        print(measure(indexed=with_index))
