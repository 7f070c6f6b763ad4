"""Arguments held against a schema: each problem in one line, with field, value and what would be right."""

from typing import Any

import pytest

from scheduledtask_operator.cluster.argument_checks import ArgumentChecks
from scheduledtask_workloads.contract import CatalogEntry

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "days": {"type": "integer", "minimum": 1},
        "table": {"type": "string"},
        "limit": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
        "mode": {"enum": ["fast", "thorough"]},
        "where": {"$ref": "#/$defs/Place"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["days"],
    "additionalProperties": False,
    "$defs": {
        "Place": {
            "type": "object",
            "properties": {"host": {"type": "string"}},
            "required": ["host"],
            "additionalProperties": False,
        }
    },
}


def problems(schema: Any, arguments: dict[str, Any]) -> tuple[str, ...]:
    return ArgumentChecks(CatalogEntry(name="report", arguments_schema=schema)).problems(arguments)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"days": 1}, ()),
        ({"days": 1, "limit": None, "mode": "fast", "where": {"host": "a"}, "tags": []}, ()),
        ({}, ("spec.arguments.days: is required",)),
        ({"days": 0}, ("spec.arguments.days: 0: must be 1 or more",)),
        ({"days": "soon"}, ("spec.arguments.days: 'soon': must be a whole number",)),
        ({"days": 1, "limit": 0}, ("spec.arguments.limit: 0: must be 1 or more",)),
        ({"days": 1, "limit": []}, ("spec.arguments.limit: []: must be a whole number or null",)),
        (
            {"days": 1, "mode": "fats"},
            ("spec.arguments.mode: 'fats': must be one of fast, thorough; did you mean fast?",),
        ),
        ({"days": 1, "tabel": "x"}, ("spec.arguments.tabel: 'x': no such argument; did you mean table?",)),
        ({"days": 1, "where": {}}, ("spec.arguments.where.host: is required",)),
        ({"days": 1, "tags": ["a", 5]}, ("spec.arguments.tags.1: 5: must be text",)),
    ],
)
def test_a_problem_names_field_value_and_what_would_be_right(
    arguments: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert problems(SCHEMA, arguments) == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"text": {"pattern": "(a+)+$"}}},
        {"properties": {"text": {"$ref": "http://127.0.0.1:1/schema.json"}}},
        {"properties": {"text": {"type": 17}}},
        {"$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)}, "$ref": "#/$defs/d0"},
    ],
    ids=["a slow pattern", "a reference elsewhere", "no schema at all", "references that double"],
)
def test_a_schema_of_somebody_else_neither_stops_nor_delays_us(schema: dict[str, Any]) -> None:
    assert problems(schema, {"text": "a" * 60 + "!"}) == ()


SECRET = {"secretKeyRef": {"name": "db", "key": "password"}}


@pytest.mark.parametrize(
    "arguments",
    [
        {"days": 1, "table": SECRET},
        {"days": SECRET, "limit": SECRET},
        {"days": 1, "mode": SECRET, "where": {"host": SECRET}, "tags": ["a", SECRET]},
    ],
)
def test_a_secret_may_stand_where_a_text_may(arguments: dict[str, Any]) -> None:
    assert problems(SCHEMA, arguments) == ()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"days": 1, "tags": SECRET}, "spec.arguments.tags: 'secretKeyRef db/password': must be a list"),
        ({"days": 1, "where": SECRET}, "spec.arguments.where: 'secretKeyRef db/password': must be a mapping"),
        ({"days": 1, "tabel": SECRET}, "spec.arguments.tabel: 'secretKeyRef db/password': no such argument; did you"),
        ({"table": SECRET}, "spec.arguments.days: is required"),
        ({"days": 0, "table": SECRET}, "spec.arguments.days: 0: must be 1 or more"),
    ],
)
def test_a_secret_is_refused_where_no_text_can_stand(arguments: dict[str, Any], expected: str) -> None:
    (problem,) = problems(SCHEMA, arguments)

    assert problem.startswith(expected)


def test_what_a_secret_holds_is_judged_by_no_bound_of_texts() -> None:
    schema = {
        "type": "object",
        "properties": {
            "token": {"type": "string", "minLength": 40, "maxLength": 40, "pattern": "^t"},
            "either": {"oneOf": [{"type": "string", "const": "a"}, {"type": "string", "const": "b"}]},
        },
    }

    assert problems(schema, {"token": SECRET, "either": SECRET}) == ()
