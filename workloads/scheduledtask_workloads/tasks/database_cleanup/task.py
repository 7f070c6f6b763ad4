"""The task `database-cleanup`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from scheduledtask_workloads.catalog import Duration, Profile, RunContext, task

if TYPE_CHECKING:
    from scheduledtask_workloads.tasks.database_cleanup.sweep import OldRows


@dataclass(frozen=True, slots=True)
class CleanupResult:
    """`matched` rows were too old at the beginning; `complete` when none of them is left."""

    table: str
    cutoff: datetime
    matched: int
    deleted: int
    batches: int
    dry_run: bool
    complete: bool


@task(
    "database-cleanup",
    light=True,
    profile=Profile(duration="60s", memory="200M", concurrency=1),
    imports=["sqlalchemy", "sqlalchemy.dialects.sqlite", "scheduledtask_workloads.tasks.database_cleanup.sweep"],
)
def database_cleanup(
    context: RunContext,
    url: Annotated[str, Field(description="SQLAlchemy URL of the database, such as sqlite:///events.db.")],
    table: Annotated[str, Field(description="The table; it needs a primary key.")],
    age_column: Annotated[str, Field(description="Its column of dates, times (UTC if without zone) or Unix seconds.")],
    max_age: Annotated[Duration, Field(description="Older rows are deleted: 90s, 12h, 30d, or seconds.")],
    schema: Annotated[str | None, Field(description="The table's schema, where it is not the default one.")] = None,
    batch_size: Annotated[int, Field(ge=1, le=5000, description="Rows deleted in one transaction.")] = 1000,
    max_batches: Annotated[int | None, Field(ge=1, description="Stop after so many; the next run goes on.")] = None,
    dry_run: Annotated[bool, Field(description="Only count.")] = False,
) -> CleanupResult:
    """Delete rows older than an age, in bounded batches by primary key."""
    import sqlalchemy

    from scheduledtask_workloads.tasks.database_cleanup.sweep import OldRows

    engine = sqlalchemy.create_engine(url)
    try:
        old = OldRows.find(engine, table, schema, age_column, datetime.now(UTC) - timedelta(seconds=max_age))
        return _clean(old, context, batch_size, 0 if dry_run else max_batches, dry_run)
    finally:
        engine.dispose()


def _clean(
    old: "OldRows", context: RunContext, batch_size: int, max_batches: int | None, dry_run: bool
) -> CleanupResult:
    matched, deleted, batches = old.count(), 0, 0
    context.logger.info("%d rows of %s are older than %s", matched, old.table.fullname, old.cutoff.isoformat())
    while deleted < matched and batches != max_batches and not context.cancelled():
        removed = old.delete(batch_size)
        if not removed:  # somebody else took them
            break
        deleted, batches = deleted + removed, batches + 1
        context.progress(deleted / matched, f"{deleted} of {matched} rows deleted")
    return CleanupResult(old.table.fullname, old.cutoff, matched, deleted, batches, dry_run, complete=old.count() == 0)
