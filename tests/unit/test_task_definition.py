"""A function that cannot be a task is refused where it is defined, with the parameter and the fix."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from tests.task_orders import catalog_of

from scheduledtask_workloads.catalog import Profile, RunContext, TaskDefinitionError, task


def definition_error(function: Any, name: str = "subject", profile: Profile | None = None) -> str:
    with pytest.raises(TaskDefinitionError) as caught:
        task(name, profile=profile)(function)
    return str(caught.value)


def test_a_parameter_without_annotation_is_named() -> None:
    def body(days) -> None:  # type: ignore[no-untyped-def]
        ...

    assert "parameter days has no annotation; write days: int" in definition_error(body)


def test_arguments_cannot_be_collected() -> None:
    def body(*values: int) -> None: ...

    assert "parameter *values: int cannot be given by name" in definition_error(body)


def test_a_type_that_json_cannot_describe_is_named() -> None:
    class Connection: ...

    def body(connection: Connection) -> None: ...

    body.__annotations__ = {"connection": Connection}
    assert "parameter connection" in definition_error(body)
    assert "cannot be described as JSON" in definition_error(body)


def test_an_annotation_that_cannot_be_read_is_named() -> None:
    def body(days: "NoSuchType") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert "its annotations cannot be read: name 'NoSuchType' is not defined" in definition_error(body)


def test_what_is_returned_may_be_named_for_the_type_checker_alone() -> None:
    @task("subject")
    def body() -> "NoSuchType": ...  # type: ignore[name-defined]  # noqa: F821

    assert catalog_of(body).find("subject")


def test_a_default_must_fit_its_annotation() -> None:
    def body(days: int = "soon") -> None: ...  # type: ignore[assignment]

    assert "parameter days: the default 'soon' does not fit its annotation" in definition_error(body)


def test_there_is_one_run_context() -> None:
    def body(first: RunContext, second: RunContext) -> None: ...

    assert "first and second are both RunContext" in definition_error(body)


def test_a_task_does_not_yield() -> None:
    def body() -> Iterator[int]:
        yield 1

    assert "it yields; a task returns its result" in definition_error(body)


@pytest.mark.parametrize("name", ["", "With-Capitals", "-begins-with-a-dash", "a b", "x" * 64, "../up"])
def test_a_name_is_lower_case_and_short(name: str) -> None:
    def body() -> None: ...

    assert "the name must be lower case letters" in definition_error(body, name)


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        (Profile(duration="2 hours"), "'2 hours' is not a duration; write a number and a unit"),
        (Profile(memory="lots"), "'lots' is not an amount of memory"),
        (Profile(concurrency=0), "profile.concurrency 0 must be 1 or more"),
        (Profile(requires=["Luck"]), "profile.requires 'Luck' is none of ResultTracking, ErrorHandling"),
        (Profile(requires="ResultTracking"), "must be a list; write ['ResultTracking']"),
    ],
)
def test_a_profile_names_field_value_and_fix(profile: Profile, message: str) -> None:
    def body() -> None: ...

    error = definition_error(body, profile=profile)

    assert message in error
    assert "task 'subject'" in error


def test_the_function_itself_stays_as_it_is() -> None:
    @task("subject")
    def body(days: int) -> int:
        return days + 1

    assert body(2) == 3


def test_the_document_says_what_was_declared() -> None:
    class Options(BaseModel):
        days: int

    @task("subject", light=True, profile=Profile(duration="90s", memory="1Gi", requires=["ResultTracking"]))
    async def body(options: Options) -> None:
        """First line.

        More.
        """

    entry = catalog_of(body).document.find("subject")

    assert entry is not None
    assert (entry.summary, entry.light, entry.coroutine, entry.source) == ("First line.", True, True, "this test")
    assert entry.profile.duration_seconds == 90
    assert entry.profile.memory_bytes == 1024**3
    assert entry.profile.concurrency is None
    assert list(entry.profile.requires) == ["ResultTracking"]
