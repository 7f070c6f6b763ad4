"""What has to hold before anything is published. All checks are looked at; the message tells of each that fails."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from scheduledtask_workloads.tasks.data_processing import steps
from scheduledtask_workloads.tasks.data_processing.engine import Engine, quoted
from scheduledtask_workloads.tasks.data_processing.errors import CheckFailedError
from scheduledtask_workloads.tasks.data_processing.settings import Check, RowCount
from scheduledtask_workloads.tasks.data_processing.slots import SlotTimes

SHOWN_CHARACTERS = 60  # of one value


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`rows` that were looked at, for row_count; else those that fail."""

    name: str
    passed: bool
    rows: int


def require(engine: Engine, checks: Sequence[Check], last: str, times: SlotTimes) -> list[CheckResult]:
    """Raises CheckFailedError, StepError for SQL that does not work."""
    results, problems = [], []
    for check in checks:
        try:
            result, problem = _look(engine, check, check.step or last, times)
        except duckdb.Error as error:
            raise steps.failed(f"check {check.name}", error) from None
        results.append(result)
        problems += [problem] if problem else []
    if problems:
        raise CheckFailedError(f"nothing was published: {'; '.join(problems)}")
    return results


def _look(engine: Engine, check: Check, step: str, times: SlotTimes) -> tuple[CheckResult, str]:
    if check.row_count is not None:
        return _count(engine, check.name, check.row_count, step)
    failing = _failing(engine, check, step, times)
    [(rows,)] = engine.rows(f"SELECT count(*) FROM ({failing}\n)")  # noqa: S608  one SELECT, and quoted names
    if not rows:
        return CheckResult(check.name, passed=True, rows=0), ""
    shown = _samples(engine, failing, check.samples)
    return CheckResult(check.name, passed=False, rows=rows), f"check {check.name}: {rows} rows fail{shown}"


def _count(engine: Engine, name: str, wanted: RowCount, step: str) -> tuple[CheckResult, str]:
    [(rows,)] = engine.rows(f"SELECT count(*) FROM {quoted(step)}")  # noqa: S608
    low = wanted.min is not None and rows < wanted.min
    high = wanted.max is not None and rows > wanted.max
    bound = f"at least {wanted.min}" if low else f"at most {wanted.max}"
    problem = f"check {name}: {step} has {rows} rows; it has to have {bound}" if low or high else ""
    return CheckResult(name, passed=not problem, rows=rows), problem


def _failing(engine: Engine, check: Check, step: str, times: SlotTimes) -> str:
    """A SELECT of the rows that must not be."""
    place = f"check {check.name}"
    if check.sql is not None:
        return steps.one_select(engine, times.in_steps(check.sql, place), place)
    if check.unique is not None:
        names = ", ".join(map(quoted, check.unique))
        return f"SELECT {names}, count(*) AS times FROM {quoted(step)} GROUP BY {names} HAVING count(*) > 1"  # noqa: S608
    nulls = " OR ".join(f"{quoted(name)} IS NULL" for name in check.not_null or ())
    return f"SELECT * FROM {quoted(step)} WHERE {nulls}"  # noqa: S608


def _samples(engine: Engine, failing: str, most: int) -> str:
    if not most:
        return ""
    found = engine.run(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({failing}\n) LIMIT {most}")  # noqa: S608
    names = [str(column[0]) for column in found.description or ()][:10]
    rows = ["{" + ", ".join(_shown(*pair) for pair in zip(names, row, strict=False)) + "}" for row in found.fetchall()]
    return f", such as {' '.join(rows)}"


def _shown(name: str, value: str | None) -> str:
    told = "NULL" if value is None else value
    return f"{name}: {told if len(told) <= SHOWN_CHARACTERS else told[:SHOWN_CHARACTERS] + '…'}"
