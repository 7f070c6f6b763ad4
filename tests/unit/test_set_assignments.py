"""`--set` writes arguments as YAML has them, and says what is wrong with a text that is none."""

import pytest

from scheduledtask_operator.cli.assignments import parse_assignments
from scheduledtask_operator.cli.problems import CommandProblem


def test_values_are_yaml() -> None:
    texts = ["a=1", "b=1.5", "c=true", "d=text", "e=[1, two]", "f={x: 1}", "g=", "h='7'", "i=a=b", "j=null"]

    assert parse_assignments(texts) == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": "text",
        "e": [1, "two"],
        "f": {"x": 1},
        "g": None,
        "h": "7",
        "i": "a=b",
        "j": None,
    }


def test_a_date_stays_text() -> None:
    assert parse_assignments(["day=2026-11-22", "at=2026-11-22T10:00:00Z"]) == {
        "day": "2026-11-22",
        "at": "2026-11-22T10:00:00Z",
    }


def test_dots_reach_into_what_is_nested() -> None:
    assert parse_assignments(["limits.cpu=90", "limits.disk.percent=80", "days=1"]) == {
        "limits": {"cpu": 90, "disk": {"percent": 80}},
        "days": 1,
    }


def test_each_text_that_is_no_assignment_has_a_line() -> None:
    with pytest.raises(CommandProblem) as caught:
        parse_assignments(["days", "=1", "a..b=1", "x=[1", "y=1", "y.z=2", "y=3"])

    lines = caught.value.problems
    assert [line.partition(": ")[0] for line in lines] == [
        "--set days",
        "--set =1",
        "--set a..b=1",
        "--set x=[1",
        "--set y.z=2",
        "--set y=3",
    ]
    assert lines[0] == "--set days: write it as key=value, or outer.inner=value"
    assert "'[1' is not YAML" in lines[3]
    assert lines[4:] == ["--set y.z=2: y already has a value of its own", "--set y=3: it is set twice"]
    assert all("\n" not in line for line in lines)
