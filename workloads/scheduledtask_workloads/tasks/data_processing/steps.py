"""The user's SQL: each step is one SELECT, and becomes a view, or a table where it is kept."""

from collections.abc import Mapping

import duckdb

from scheduledtask_workloads.tasks.data_processing.engine import Engine, quoted
from scheduledtask_workloads.tasks.data_processing.errors import StepError, reason
from scheduledtask_workloads.tasks.data_processing.settings import Step
from scheduledtask_workloads.tasks.data_processing.slots import SlotTimes

_DISABLED = "disabled by configuration"
_ONLY = "steps see the sources and the steps before them, and no files"


def one_select(engine: Engine, sql: str, place: str) -> str:
    """The statement as DuckDB reads it. Raises StepError for anything but one SELECT."""
    try:
        statements = engine.database.extract_statements(sql)
    except duckdb.Error as error:
        raise StepError(f"{place}: {reason(error)}") from None
    if len(statements) != 1 or statements[0].type is not duckdb.StatementType.SELECT:
        kinds = ", ".join(statement.type.name for statement in statements) or "nothing"
        raise StepError(f"{place}: it has to be one SELECT; this is {kinds}")
    return statements[0].query.rstrip().rstrip(";")


def make(engine: Engine, step: Step, times: SlotTimes, *, stored: bool) -> None:
    """Raises StepError, SlotError."""
    place = f"step {step.name}"
    sql = one_select(engine, times.in_steps(step.sql, place), place)
    kind = "TABLE" if stored else "VIEW"
    try:
        engine.run(f"CREATE {kind} {quoted(step.name)} AS {sql}\n", doing=place)
    except duckdb.Error as error:
        raise failed(place, error) from None


def failed(place: str, error: duckdb.Error) -> StepError:
    if isinstance(error, duckdb.OutOfMemoryException):
        return StepError(f"{place}: {reason(error).splitlines()[0]}; raise the argument memory, and the limit with it")
    told = reason(error)
    return StepError(f"{place}: {told}{f'; {_ONLY}' if _DISABLED in told else ''}")


def columns(engine: Engine, name: str) -> Mapping[str, str]:
    """Types by name. Raises StepError."""
    try:
        return {str(row[0]): str(row[1]) for row in engine.rows(f"DESCRIBE {quoted(name)}")}
    except duckdb.Error as error:
        raise failed(f"step {name}", error) from None
