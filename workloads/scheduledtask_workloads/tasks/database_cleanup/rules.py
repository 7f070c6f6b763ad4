"""What shall go: the arguments of `database-cleanup`."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scheduledtask_workloads.catalog import Duration

Scalar = bool | int | float | str
Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "like", "in", "not_in", "is_null", "not_null"]

_LISTS = frozenset({"in", "not_in"})
_ALONE = frozenset({"is_null", "not_null"})


class Condition(BaseModel):
    """One comparison of a column; the value is bound, never part of a statement."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str
    op: Operator = "eq"
    value: Scalar | list[Scalar] | None = Field(None, description="A list for in and not_in; none for is_null.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.op in _ALONE and self.value is not None:
            raise ValueError(f"{self.op} takes no value; leave it out")
        if self.op in _LISTS and not (isinstance(self.value, list) and self.value):
            raise ValueError(f"{self.op} takes a list of values that is not empty, such as [done, failed]")
        if self.op not in _LISTS | _ALONE and (self.value is None or isinstance(self.value, list)):
            raise ValueError(f"{self.op} takes one value; for several write op: in")
        return self


class TableRule(BaseModel):
    """Which rows of one table go."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str = Field(description="The table; it needs a primary key.")
    schema_name: str | None = Field(None, alias="schema", description="Its schema, where it is not the default one.")
    age_column: str = Field(description="Its column of dates, times (UTC if without zone) or Unix seconds.")
    max_age: Duration = Field(description="Older rows are deleted: 90s, 12h, 30d, or seconds.")
    where: list[Condition] = Field(default_factory=list, description="Only rows for which all of these hold.")
    archive: str | None = Field(
        None, description="Folder (path or file:// URL) that gets the rows as Parquet before they go."
    )


class CleanupArguments(BaseModel):
    """What `database-cleanup` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="SQLAlchemy URL of the database, such as sqlite:///events.db. A Secret may give it.")
    tables: list[TableRule] = Field(
        min_length=1, max_length=50, description="Cleaned in the order that foreign keys ask for."
    )
    batch_size: int = Field(1000, ge=1, le=5000, description="Rows deleted in one transaction.")
    max_batches: int | None = Field(None, ge=1, description="Of each table; the next run goes on.")
    rows_per_second: Annotated[float, Field(gt=0)] | None = Field(None, description="No faster than this.")
    lock_timeout: Duration = Field(5.0, description="How long a statement waits for a lock (PostgreSQL, SQLite).")
    statement_timeout: Duration = Field(30.0, description="How long a statement may take (PostgreSQL).")
    dry_run: bool = Field(False, description="Only count.")
