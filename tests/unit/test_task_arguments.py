"""Arguments are described as JSON schema, and checked against it with field, value and fix."""

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.catalog import BadArgumentsError, Duration, RunContext, Task, task
from scheduledtask_workloads.execution.attempt import run_context


class Limits(BaseModel):
    cpu: int = Field(90, le=100)


@task("plain")
def plain(context: RunContext, days: Annotated[int, Field(ge=1, description="How many.")], dry: bool = False) -> None:
    """A context and two arguments."""


@task("modelled")
def modelled(limits: Limits, context: RunContext) -> None:
    """One model."""


@task("odd-names")
def odd_names(json: int, copy: str = "x", model_config: float = 1.0) -> dict[str, Any]:
    """Names that mean something to pydantic."""
    return {"json": json, "copy": copy, "model_config": model_config}


@task("timed")
def timed(budget: Duration = 60.0) -> None:
    """A duration."""


def find(function: Any) -> Task:
    return next(iter(catalog_of(function).tasks.values()))


def problems(function: Any, arguments: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in find(function).validate_arguments(arguments)]


def test_the_schema_has_the_parameters_without_the_context() -> None:
    schema = find(plain).entry("").arguments_schema

    assert schema == {
        "type": "object",
        "properties": {
            "days": {"type": "integer", "minimum": 1, "description": "How many."},
            "dry": {"type": "boolean", "default": False},
        },
        "required": ["days"],
        "additionalProperties": False,
    }


def test_the_schema_of_a_model_is_its_own() -> None:
    schema = find(modelled).entry("").arguments_schema

    assert schema["properties"] == {"cpu": {"type": "integer", "maximum": 100, "default": 90}}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"days": 3}, []),
        ({}, ["arguments.days: is required"]),
        ({"days": 0}, ["arguments.days: 0: Input should be greater than or equal to 1"]),
        ({"days": 1, "dri": True}, ["arguments.dri: True: no such argument; did you mean dry?"]),
        ({"days": 1, "zzz": 2}, ["arguments.zzz: 2: no such argument; the task takes days, dry"]),
        (
            {"days": "many", "dry": 7},
            [
                "arguments.days: 'many': Input should be a valid integer, unable to parse string as an integer",
                "arguments.dry: 7: Input should be a valid boolean, unable to interpret input",
            ],
        ),
    ],
)
def test_each_problem_names_field_value_and_fix(arguments: dict[str, Any], expected: list[str]) -> None:
    assert problems(plain, arguments) == expected


def test_a_model_refuses_what_it_does_not_know() -> None:
    assert problems(modelled, {"cpus": 1}) == ["arguments.cpus: 1: no such argument; did you mean cpu?"]


def test_a_model_whose_author_allows_more_takes_more() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")

    @task("open")
    def body(options: Open) -> None: ...

    body.__annotations__["options"] = Open
    assert problems(task("open")(body), {"anything": 1}) == []


def test_parameters_may_be_called_as_one_likes() -> None:
    found = find(odd_names)
    keywords = found.keywords({"json": 1, "copy": "y"}, run_context(order_for("odd-names"), now=0.0))

    assert odd_names(**keywords) == {"json": 1, "copy": "y", "model_config": 1.0}


def test_the_model_and_the_context_are_handed_over() -> None:
    context = run_context(order_for("modelled"), now=0.0)
    keywords = find(modelled).keywords({"cpu": 5}, context)

    assert keywords["limits"].cpu == 5
    assert isinstance(keywords["limits"], Limits)
    assert keywords["context"] is context


def test_bad_arguments_are_raised_together() -> None:
    with pytest.raises(BadArgumentsError) as caught:
        find(plain).keywords({"dry": "?"}, run_context(order_for("plain"), now=0.0))

    assert [problem.field for problem in caught.value.problems] == ["arguments.days", "arguments.dry"]


@pytest.mark.parametrize(("written", "seconds"), [("1h30m", 5400.0), (90, 90.0), (0.5, 0.5)])
def test_a_duration_is_written_or_counted(written: object, seconds: float) -> None:
    keywords = find(timed).keywords({"budget": written}, run_context(order_for("timed"), now=0.0))

    assert keywords["budget"] == seconds


@pytest.mark.parametrize("written", ["3 weeks", 0, -1, "0s"])
def test_a_duration_is_above_zero_and_has_a_unit(written: object) -> None:
    [problem] = problems(timed, {"budget": written})

    assert problem.startswith(f"arguments.budget: {written!r}: ")
    assert "duration" in problem
