"""What a body returns travels as JSON, or the run says why it cannot."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, RunState
from scheduledtask_workloads.contract.messages import AttemptEnded, runners_to_scheduler
from scheduledtask_workloads.execution.results import RESULT_LIMIT_BYTES, BadResultError, as_json, one_line

JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@dataclass
class Point:
    x: int
    at: datetime


class Model(BaseModel):
    path: Path


@given(JSON_VALUES)
def test_json_stays_as_it_is(value: Any) -> None:
    assert as_json(value) == value


def test_what_has_a_form_in_json_is_converted() -> None:
    result = {"point": Point(1, datetime(2026, 1, 2, tzinfo=UTC)), "model": Model(path=Path("/x")), "pair": (1, 2)}

    assert as_json(result) == {
        "point": {"x": 1, "at": "2026-01-02T00:00:00+00:00"},
        "model": {"path": "/x"},
        "pair": [1, 2],
    }


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


@pytest.mark.parametrize(
    "value", [{1, 2}, object(), b"bytes", "half of a pair: \udcff", float("nan"), Hostile(), {(1, 2): 3}, Point]
)
def test_what_has_none_is_refused(value: object) -> None:
    with pytest.raises(BadResultError, match="is not JSON"):
        as_json(value)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [250, 100_000])
def test_what_is_nested_too_deeply_to_be_read_is_refused(levels: int) -> None:
    with pytest.raises(BadResultError, match="is not JSON"):
        as_json(nested(levels))


def test_whatever_is_taken_survives_the_way_in_a_message() -> None:
    deepest = max(levels for levels in range(150, 250) if _taken(nested(levels)))
    report = AttemptReport(
        ref=AttemptRef(namespace="a", name="b", run_id="c", attempt=1, fence=1),
        state=RunState.SUCCEEDED,
        result=nested(deepest),
    )
    sent = AttemptEnded(report=report).model_dump_json()

    assert runners_to_scheduler.validate_json(sent) == AttemptEnded(report=report)


def _taken(value: Any) -> bool:
    try:
        as_json(value)
    except BadResultError:
        return False
    return True


def test_a_circle_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)

    with pytest.raises(BadResultError, match="Circular"):
        as_json(circle)


def test_a_large_result_is_refused_with_its_size() -> None:
    assert as_json("x" * (RESULT_LIMIT_BYTES - 2))
    with pytest.raises(BadResultError, match=f"has {RESULT_LIMIT_BYTES + 1} bytes of JSON.*write it to artifacts"):
        as_json("x" * (RESULT_LIMIT_BYTES - 1))


class UnreadableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("two\nlines"), "ValueError: two lines"),
        (KeyError(), "KeyError"),
        (ValueError("half of a pair: \udcff"), "ValueError: half of a pair: \\udcff"),
        (UnreadableError(), "UnreadableError: (its text cannot be read)"),
    ],
)
def test_an_exception_is_one_line(error: Exception, line: str) -> None:
    assert one_line(error) == line


def test_a_long_exception_is_cut() -> None:
    assert len(one_line(ValueError("x" * 10_000))) < 600
