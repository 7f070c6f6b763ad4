"""A task's schema as rows that a person reads."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field
from tests.task_orders import catalog_of

from scheduledtask_operator.cli.argument_types import argument_rows
from scheduledtask_workloads.catalog import Duration, task


class Limits(BaseModel):
    cpu: int = 90


@task("subject")
def subject(
    days: Annotated[int, Field(ge=1, le=30, description="How many.")],
    names: list[str],
    limits: Limits,
    share: Annotated[float, Field(gt=0)] = 0.5,
    budget: Duration = 60.0,
    colour: Literal["red", "blue"] = "red",
    note: str | None = None,
    table: dict[str, int] | None = None,
) -> None:
    """Many kinds of arguments."""


def test_each_argument_has_type_default_and_description() -> None:
    entry = catalog_of(subject).document.find("subject")
    assert entry is not None
    rows = {row.name: row for row in argument_rows(entry.arguments_schema)}

    assert {name: row.type_text for name, row in rows.items()} == {
        "days": "integer 1..30",
        "names": "list of string",
        "limits": "object",
        "share": "number above 0",
        "budget": "string | number",
        "colour": "red | blue",
        "note": "string | null",
        "table": "object | null",
    }
    assert (rows["days"].default_text, rows["days"].description) == ("required", "How many.")
    assert (rows["share"].default_text, rows["colour"].default_text, rows["note"].default_text) == (
        "0.5",
        '"red"',
        "null",
    )


def test_no_arguments_are_no_rows() -> None:
    assert argument_rows({"type": "object", "properties": {}}) == []
