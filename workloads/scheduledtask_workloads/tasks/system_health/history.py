"""Results over time, in a SQLite file; `database-cleanup` keeps it small."""

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from scheduledtask_workloads.tasks.system_health.checks import Health

_TABLE = """
CREATE TABLE IF NOT EXISTS system_health (
    id INTEGER PRIMARY KEY,
    at TIMESTAMP NOT NULL,  -- UTC
    status TEXT NOT NULL,
    checks TEXT NOT NULL    -- JSON
)
"""
_INDEX = "CREATE INDEX IF NOT EXISTS system_health_at ON system_health (at)"
_ROW = "INSERT INTO system_health (at, status, checks) VALUES (?, ?, ?)"


def append(file: Path, health: Health, *, at: datetime) -> None:
    """One row; file and table are made when they are not there. Raises sqlite3.Error."""
    row = (
        at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        health.status,
        json.dumps([asdict(check) for check in health.checks]),
    )
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(_TABLE)
        connection.execute(_INDEX)
        connection.execute(_ROW, row)
