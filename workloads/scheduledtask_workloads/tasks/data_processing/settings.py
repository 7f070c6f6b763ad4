"""The arguments of `data-processing`."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from scheduledtask_workloads.catalog import Duration
from scheduledtask_workloads.contract.quantity import parse_memory
from scheduledtask_workloads.tasks.tables import Storage

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
TypeName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_ (),\[\]]{0,99}$")]
Columns = Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]

_PACKED = (".gz", ".zst")


class Format(StrEnum):
    """How rows are written."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"
    SQL = "sql"


_ENDINGS = {
    "csv": Format.CSV,
    "tsv": Format.CSV,
    "parquet": Format.PARQUET,
    "jsonl": Format.JSONL,
    "ndjson": Format.JSONL,
}


class Compression(StrEnum):
    """Of files."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"
    SNAPPY = "snappy"


class Mode(StrEnum):
    """What becomes of what is there already."""

    REPLACE = "replace"
    APPEND_SLOT = "append-slot"


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Closed):
    """Rows to read, and how; steps know it by its name."""

    url: Annotated[
        str,
        Field(
            min_length=1,
            description="Path, file:// or s3:// URL, patterns such as *.csv and ** too; or an SQLAlchemy URL. "
            "May have placeholders such as {slot:%Y/%m/%d}. A Secret may give it.",
        ),
    ]
    format: Annotated[Format | None, Field(description="csv, parquet, jsonl or sql; default: by the ending.")] = None
    query: Annotated[str | None, Field(description="For sql: the SELECT to read, in that database's SQL.")] = None
    types: Annotated[
        dict[str, TypeName], Field(description="DuckDB's types of columns that are not to be guessed.")
    ] = {}
    delimiter: Annotated[str | None, Field(min_length=1, max_length=4, description="Of CSV; default: found out.")] = (
        None
    )
    header: Annotated[bool | None, Field(description="Whether CSV has one; default: found out.")] = None

    @property
    def kind(self) -> Format:
        return self.format or _by_ending(self.url)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind is Format.SQL) != (self.query is not None):
            raise ValueError("query belongs to format sql, and format sql needs one")
        return self


class Step(_Closed):
    """One SELECT over the sources and the steps before."""

    name: Annotated[Name, Field(description="How later steps and checks call it.")]
    sql: Annotated[
        str, Field(min_length=1, description="One SELECT in DuckDB's SQL; $slot, $slot_start, $slot_end are times.")
    ]
    store: Annotated[
        bool, Field(description="Compute it once and keep it on disk, for what is used more than once.")
    ] = False


class RowCount(_Closed):
    """How many rows there have to be."""

    min: Annotated[int | None, Field(ge=0, description="At least so many.")] = None
    max: Annotated[int | None, Field(ge=0, description="At most so many.")] = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("row_count takes min, max or both")
        return self


class Check(_Closed):
    """What has to hold before anything is published: one of sql, unique, not_null and row_count."""

    name: Annotated[str, Field(min_length=1, max_length=100, description="How the run's message calls it.")]
    step: Annotated[Name | None, Field(description="What is looked at; default: the last step.")] = None
    sql: Annotated[str | None, Field(description="A SELECT of the rows that must not be.")] = None
    unique: Annotated[Columns | None, Field(description="Together they are different in every row.")] = None
    not_null: Annotated[Columns | None, Field(description="None of them is NULL in any row.")] = None
    row_count: Annotated[RowCount | None, Field(description="How many rows there are.")] = None
    samples: Annotated[
        int, Field(ge=0, le=5, description="How many failing rows the message shows; 0 where rows are confidential.")
    ] = 5

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        given = [each for each in (self.sql, self.unique, self.not_null, self.row_count) if each is not None]
        if len(given) != 1:
            raise ValueError(f"check {self.name!r}: write one of sql, unique, not_null and row_count")
        if self.sql is not None and self.step is not None:
            raise ValueError(f"check {self.name!r}: sql names what it looks at itself; leave step out")
        return self


class Sink(_Closed):
    """Where the last step's rows go."""

    url: Annotated[
        str,
        Field(
            min_length=1,
            description="A file, or a folder with partition_by or append-slot: path, file:// or s3:// URL; or an "
            "SQLAlchemy URL. Placeholders as in a source. A Secret may give it.",
        ),
    ]
    format: Annotated[Format | None, Field(description="csv, parquet, jsonl or sql; default: by the ending.")] = None
    mode: Annotated[
        Mode, Field(description="replace: all that is there. append-slot: only what an earlier run of this slot wrote.")
    ] = Mode.REPLACE
    partition_by: Annotated[tuple[str, ...], Field(max_length=5, description="Columns that become folders.")] = ()
    order_by: Annotated[
        tuple[str, ...], Field(max_length=20, description="Rows in this order; then a run again writes the same bytes.")
    ] = ()
    compression: Annotated[Compression | None, Field(description="Default: zstd for parquet, none for text.")] = None
    storage: Annotated[Storage | None, Field(description="Object storage, where it is not that of the sources.")] = None
    table: Annotated[str | None, Field(min_length=1, description="For sql: the table; made where there is none.")] = (
        None
    )
    schema_name: Annotated[str | None, Field(alias="schema", description="Its schema, if not the default one.")] = None
    slot_column: Annotated[
        str, Field(min_length=1, description="For sql with append-slot: the column that gets the slot.")
    ] = "slot"

    @property
    def kind(self) -> Format:
        return self.format or _by_ending(self.url)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind is Format.SQL) != (self.table is not None):
            raise ValueError("sink: table belongs to format sql, and format sql needs one")
        if self.kind is Format.SQL and (self.partition_by or self.compression):
            raise ValueError("sink: partition_by and compression are for files; leave them out for sql")
        if self.compression is Compression.SNAPPY and self.kind is not Format.PARQUET:
            raise ValueError("sink: snappy is for parquet; take gzip, zstd or none")
        return self


class Settings(_Closed):
    """What `data-processing` takes."""

    steps: Annotated[
        tuple[Step, ...], Field(min_length=1, max_length=100, description="What is done; the last one's rows go out.")
    ]
    sink: Annotated[Sink, Field(description="Where the result goes.")]
    sources: Annotated[dict[Name, Source], Field(max_length=50, description="What is read, by name.")] = {}
    checks: Annotated[tuple[Check, ...], Field(max_length=100, description="What has to hold before.")] = ()
    storage: Annotated[Storage | None, Field(description="Object storage of s3:// URLs.")] = None
    window: Annotated[
        Duration | None, Field(description="How far a slot reaches back: $slot_start is the slot less this.")
    ] = None
    slot: Annotated[
        AwareDatetime | None, Field(description="Process this slot instead of the run's own, such as one gone by.")
    ] = None
    memory: Annotated[
        str | None,
        Field(description="What the engine may take, such as 400M. Default: 400M, or 40 % of a smaller limit."),
    ] = None
    scratch: Annotated[
        str | None, Field(description="Folder for what does not fit into memory. Default: the system's for such files.")
    ] = None
    dry_run: Annotated[bool, Field(description="Show what would be read and written, write nothing.")] = False

    @field_validator("memory")
    @classmethod
    def _is_memory(cls, text: str | None) -> str | None:
        if text is not None and parse_memory(text) < 128 * 1024**2:
            raise ValueError("memory must be 128Mi or more")
        return text

    @field_validator("slot")
    @classmethod
    def _in_utc(cls, slot: datetime | None) -> datetime | None:
        return slot.astimezone(UTC) if slot else None

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [name.lower() for name in (*self.sources, *(step.name for step in self.steps))]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"sources and steps: {', '.join(map(repr, twice))} is there twice; names tell them apart")
        unknown = [check.step for check in self.checks if check.step and check.step.lower() not in names]
        if unknown:
            raise ValueError(f"checks: there is no step {unknown[0]!r}; there are {', '.join(names)}")
        return self


def _by_ending(url: str) -> Format:
    name = url.lower().rstrip("/")
    for packed in _PACKED:
        name = name.removesuffix(packed)
    found = _ENDINGS.get(name.rsplit(".", 1)[-1])
    if found is None:
        raise ValueError("no format, and the url's ending tells none; write format: csv, parquet, jsonl or sql")
    return found
