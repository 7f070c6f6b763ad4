"""The JSON schema of a task's arguments, as a person reads it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ArgumentRow:
    """One argument."""

    name: str
    type_text: str
    default_text: str
    description: str


def argument_rows(schema: Schema) -> list[ArgumentRow]:
    """In the order of the task's parameters."""
    required = schema.get("required", [])
    definitions = schema.get("$defs", {})
    return [
        ArgumentRow(
            name,
            type_text(argument, definitions),
            "required" if name in required else json.dumps(argument.get("default")),
            argument.get("description", ""),
        )
        for name, argument in schema.get("properties", {}).items()
    ]


def type_text(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """Such as `integer 1..200`, `digits | iris`, `list of string`."""
    if "$ref" in schema:
        return type_text(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " | ".join(type_text(option, definitions) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {type_text(schema.get('items', {}), definitions)}"
    return f"{schema.get('format', schema.get('type', 'any'))}{_bounds(schema)}"


def _bounds(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" {low}..{high}"
    words = {"minimum": "from", "maximum": "to", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}
    return "".join(f" {word} {schema[key]}" for key, word in words.items() if key in schema)
