"""The task `database-cleanup`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from scheduledtask_workloads.catalog import Profile, RunContext, task
from scheduledtask_workloads.catalog.context import local_folder
from scheduledtask_workloads.tasks.database_cleanup.rules import CleanupArguments, TableRule

if TYPE_CHECKING:
    import sqlalchemy

    from scheduledtask_workloads.tasks.database_cleanup.archive import ParquetArchive
    from scheduledtask_workloads.tasks.database_cleanup.sweep import OldRows

END_SECONDS = 2  # before the deadline: what is left is for the next run
LOOK_SECONDS = 0.2  # how often it is asked whether the run shall end, while it waits


@dataclass(frozen=True, slots=True)
class TableResult:
    """`matched` rows could go at the beginning; `complete` when none of them is left. `archived` counts files."""

    table: str
    cutoff: datetime
    matched: int
    deleted: int
    batches: int
    archived: int
    complete: bool


@dataclass(frozen=True, slots=True)
class CleanupResult:
    """Tables in the order in which they were cleaned."""

    dry_run: bool
    complete: bool
    matched: int
    deleted: int
    tables: tuple[TableResult, ...]


@task(
    "database-cleanup",
    light=True,
    profile=Profile(duration="60s", memory="200M", concurrency=1),
    imports=["sqlalchemy", "sqlalchemy.dialects.sqlite", "scheduledtask_workloads.tasks.database_cleanup.sweep"],
)
def database_cleanup(context: RunContext, arguments: CleanupArguments) -> CleanupResult:
    """Delete rows older than an age, in bounded batches by primary key."""
    from scheduledtask_workloads.tasks.database_cleanup import database

    engine = database.connect(arguments.url, arguments.lock_timeout, arguments.statement_timeout)
    try:
        results = tuple(
            _clean(rule, old, context, arguments) for rule, old in _in_order(engine, arguments, datetime.now(UTC))
        )
    finally:
        engine.dispose()
    return CleanupResult(
        dry_run=arguments.dry_run,
        complete=all(each.complete for each in results),
        matched=sum(each.matched for each in results),
        deleted=sum(each.deleted for each in results),
        tables=results,
    )


def _in_order(
    engine: "sqlalchemy.Engine", arguments: CleanupArguments, now: datetime
) -> "list[tuple[TableRule, OldRows]]":
    """Every rule is looked at before the first row goes."""
    import sqlalchemy

    from scheduledtask_workloads.tasks.database_cleanup import database
    from scheduledtask_workloads.tasks.database_cleanup.sweep import OldRows

    known = database.references(engine, [rule.schema_name for rule in arguments.tables])
    default = sqlalchemy.inspect(engine).default_schema_name
    names = [(rule.schema_name or default, rule.table) for rule in arguments.tables]
    order = database.children_first(names, known)
    rules = sorted(zip(names, arguments.tables, strict=True), key=lambda named: order.index(named[0]))
    return [(rule, OldRows.find(engine, rule, known, now)) for _, rule in rules]


def _clean(rule: TableRule, old: "OldRows", context: RunContext, arguments: CleanupArguments) -> TableResult:
    matched, deleted, batches = old.count(), 0, 0
    context.logger.info("%d rows of %s are older than %s", matched, old.table.fullname, old.cutoff.isoformat())
    archive = None
    if matched and not arguments.dry_run:
        archive = _archive(rule, old, context)
        over = _over(context)
        for removed in old.batches(arguments.batch_size, archive.keep if archive else None):
            deleted, batches = deleted + removed, batches + 1
            context.progress(deleted / matched, f"{deleted} of {matched} rows deleted")
            if batches == arguments.max_batches or over():
                break
            _wait(removed / arguments.rows_per_second if arguments.rows_per_second else 0, over)
    complete = (matched == 0) if arguments.dry_run else old.count() == 0
    files = archive.files if archive else 0
    return TableResult(old.table.fullname, old.cutoff, matched, deleted, batches, files, complete)


def _archive(rule: TableRule, old: "OldRows", context: RunContext) -> "ParquetArchive | None":
    if rule.archive is None:
        return None
    from scheduledtask_workloads.tasks.database_cleanup.archive import ParquetArchive

    return ParquetArchive(local_folder(rule.archive), old.table, f"{context.run_id}-{context.attempt}")


def _over(context: RunContext) -> Callable[[], bool]:
    end = context.deadline - timedelta(seconds=END_SECONDS)
    return lambda: context.cancelled() or datetime.now(UTC) >= end


def _wait(seconds: float, over: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not over():
        time.sleep(min(left, LOOK_SECONDS))
