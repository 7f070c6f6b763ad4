"""The probe of databases, in a thread of its own, and the history in one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from scheduledtask_workloads.tasks.provider_health.errors import ProbeFailedError
from scheduledtask_workloads.tasks.provider_health.verdicts import EndpointHealth

_METADATA = sa.MetaData()
_ROWS = sa.Table(
    "provider_health",
    _METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.Column("task", sa.String(320), nullable=False),  # namespace/name
    sa.Column("run_id", sa.String(255), nullable=False),
    sa.Column("endpoint", sa.String(63), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("latency_ms", sa.Float),
    sa.Column("consecutive_failures", sa.Integer, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Index("provider_health_task_at", "task", "at"),
)


def probe_sql(url: str, timeout_seconds: float) -> None:
    """Returns when the database answers SELECT 1. Raises ProbeFailedError, SQLAlchemyError."""
    engine = _engine(url, timeout_seconds)
    if engine.dialect.name == "sqlite":
        _check_file(engine.url)
    with engine.connect() as connection:
        answer: object = connection.execute(sa.select(sa.literal_column("1"))).scalar_one()
    if answer != 1:
        raise ProbeFailedError(f"SELECT 1 is {answer!r}")


def _check_file(url: sa.URL) -> None:
    """SQLite would make an empty database of a file that is not there."""
    if url.database and url.database != ":memory:" and not Path(url.database).exists():
        raise ProbeFailedError(f"there is no file {url.database!r}")


def _engine(url: str, timeout_seconds: float) -> sa.Engine:
    """Waits are bounded: nobody can end a thread that hangs."""
    parsed = sa.make_url(url)
    arguments: dict[str, Any] = {}
    if parsed.get_backend_name() == "postgresql":
        arguments = {
            "connect_timeout": max(2, ceil(timeout_seconds)),  # libpq takes less for 2
            "options": f"-c statement_timeout={ceil(timeout_seconds * 1000)}",
        }
    elif parsed.get_backend_name() == "sqlite":
        arguments = {"timeout": timeout_seconds}
    return sa.create_engine(parsed, poolclass=sa.NullPool, connect_args=arguments)


class History:
    """Rows by endpoint and run in the table `provider_health`, which is made when it is not there."""

    def __init__(self, url: str, task: str, timeout_seconds: float) -> None:
        """Raises SQLAlchemyError."""
        self._engine = _engine(url, timeout_seconds)
        self._task = task
        try:
            _METADATA.create_all(self._engine)
        except sa.exc.DBAPIError:  # somebody else made it in the same moment; if not, this raises it again
            _METADATA.create_all(self._engine)

    def failures(self, run_id: str) -> dict[str, int]:
        """How often in a row each endpoint had failed when the last other run of this task ended."""
        of_task = sa.and_(_ROWS.c.task == self._task, _ROWS.c.run_id != run_id)
        last = sa.select(sa.func.max(_ROWS.c.at)).where(of_task).scalar_subquery()
        rows = sa.select(_ROWS.c.endpoint, _ROWS.c.consecutive_failures).where(of_task, _ROWS.c.at == last)
        with self._engine.connect() as connection:
            return {row.endpoint: row.consecutive_failures for row in connection.execute(rows)}

    def append(self, run_id: str, at: datetime, judged: Sequence[EndpointHealth]) -> None:
        """All of a run in one transaction; what an earlier attempt of it wrote is replaced."""
        rows = [
            {
                "at": at.astimezone(UTC),
                "task": self._task,
                "run_id": run_id,
                "endpoint": each.name,
                "status": each.status.value,
                "latency_ms": each.latency_ms,
                "consecutive_failures": each.consecutive_failures,
                "message": each.message,
            }
            for each in judged
        ]
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_ROWS).where(_ROWS.c.task == self._task, _ROWS.c.run_id == run_id))
            connection.execute(sa.insert(_ROWS), rows)
