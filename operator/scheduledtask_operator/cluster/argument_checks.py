"""Arguments held against a task's JSON schema, with messages like those of the task's own model.

The operator never imports task code, so the schema of the catalog is all that it has; what a schema cannot say is
refused by the task itself.
"""

import difflib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry

from scheduledtask_workloads.contract.catalog_document import ArgumentProblem, CatalogEntry
from scheduledtask_workloads.contract.secrets import UnknownText, with_unknown_texts

PROBLEMS_SHOWN = 10
MOST_REFERENCES = 16  # schemas come from images of others, and references that double each other take for ever
_SLOW = ("pattern", "patternProperties", "unevaluatedProperties", "unevaluatedItems")  # regular expressions can, too
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}
_BOUNDS = {
    "minimum": "must be {limit} or more",
    "maximum": "must be {limit} or less",
    "exclusiveMinimum": "must be above {limit}",
    "exclusiveMaximum": "must be below {limit}",
    "multipleOf": "must be a multiple of {limit}",
    "minLength": "must have at least {limit} characters",
    "maxLength": "must have {limit} characters at most",
    "minItems": "must have at least {limit} items",
    "maxItems": "must have {limit} items at most",
    "minProperties": "must have at least {limit} fields",
    "maxProperties": "must have {limit} fields at most",
    "const": "must be {limit!r}",
}


_OF_TEXTS = ("enum", "const", "minLength", "maxLength", "format", "not", "oneOf")
_TEXT_CAN_BE = frozenset({"string", "integer", "number", "boolean"})  # of these a task reads a text as what it wants


def _unless_unknown(check: Any) -> Any:
    """Of a text that comes from a Secret nothing is known here but that it is one; the rest shows in the run."""

    def checked(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not isinstance(instance, UnknownText):
            yield from check(validator, wanted, instance, schema) or ()

    return checked


def _type(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    wanted_types = wanted if isinstance(wanted, list) else [wanted]
    if not (isinstance(instance, UnknownText) and _TEXT_CAN_BE.intersection(wanted_types)):
        yield from Draft202012Validator.VALIDATORS["type"](validator, wanted, instance, schema) or ()


_Checker: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    dict.fromkeys(_SLOW)
    | {name: _unless_unknown(Draft202012Validator.VALIDATORS[name]) for name in _OF_TEXTS}
    | {"type": _type},
)
logger = logging.getLogger(__name__)


class ArgumentChecks:
    """Of one task. A schema that cannot be used checks nothing."""

    def __init__(self, entry: CatalogEntry) -> None:
        usable = json.dumps(entry.arguments_schema).count('"$ref"') <= MOST_REFERENCES
        schema = entry.arguments_schema if usable else {}
        self._task = entry.name
        self._validator = _Checker(schema, registry=Registry())  # that one fetches nothing from anywhere

    def problems(self, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """One line for each: `spec.arguments.batch_size: 0: must be 1 or more`."""
        try:
            errors = sorted(
                self._validator.iter_errors(with_unknown_texts(arguments)), key=lambda error: list(map(str, error.path))
            )
            lines = [f"spec.{problem}" for error in errors for problem in _explained(error)]
        except Exception as error:  # noqa: BLE001 - whatever an image says of itself must not stop the loop
            logger.warning("the schema of a task's arguments cannot be used: %r", error, extra={"task": self._task})
            return ()
        return tuple(dict.fromkeys(lines))[:PROBLEMS_SHOWN]


def _explained(error: ValidationError) -> Iterator[ArgumentProblem]:
    field, value = _field(error.absolute_path), error.instance
    match error.validator:
        case "required":
            yield from _missing(error)
        case "additionalProperties" if isinstance(value, dict):
            yield from _unknown(error)
        case "anyOf" | "oneOf" if error.context:
            yield from _of_alternatives(error)
        case "type":
            yield ArgumentProblem(field=field, value=value, message=f"must be {_kinds([error])}")
        case "enum" if isinstance(error.validator_value, list):
            yield ArgumentProblem(field=field, value=value, message=_not_a_choice(value, error.validator_value))
        case str(validator) if validator in _BOUNDS:
            limit = error.validator_value
            yield ArgumentProblem(field=field, value=value, message=_BOUNDS[validator].format(limit=limit))
        case _:
            yield ArgumentProblem(field=field, value=value, message=error.message)


def _missing(error: ValidationError) -> Iterator[ArgumentProblem]:
    """jsonschema reports each missing name as an error of its own; the message holds it in quotes."""
    required = error.validator_value if isinstance(error.validator_value, list) else []
    for name in required:
        if isinstance(error.instance, dict) and name not in error.instance:
            yield ArgumentProblem(field=_field([*error.absolute_path, name]), message="is required")


def _unknown(error: ValidationError) -> Iterator[ArgumentProblem]:
    schema = error.schema if isinstance(error.schema, dict) else {}
    known = list(schema.get("properties", {}))
    given: dict[str, Any] = error.instance if isinstance(error.instance, dict) else {}
    for name, value in given.items():
        if name not in known:
            field = _field([*error.absolute_path, name])
            yield ArgumentProblem(field=field, value=value, message=_no_such(name, known))


def _no_such(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    fix = f"did you mean {close[0]}?" if close else f"the task takes {', '.join(known) or 'none'}"
    return f"no such argument; {fix}"


def _of_alternatives(error: ValidationError) -> Iterator[ArgumentProblem]:
    """Where the value is of the kind of one alternative, what is wrong with it as that one; else all the kinds."""
    context = error.context or []
    nearer = [inner for inner in context if inner.validator != "type" or inner.absolute_path != error.absolute_path]
    if nearer:
        yield from _explained(max(nearer, key=lambda inner: len(inner.absolute_path)))
    else:
        message = f"must be {_kinds(context)}"
        yield ArgumentProblem(field=_field(error.absolute_path), value=error.instance, message=message)


def _kinds(errors: Iterable[ValidationError]) -> str:
    names: list[str] = []
    for error in errors:
        wanted = error.validator_value
        names += wanted if isinstance(wanted, list) else [str(wanted)]
    words = list(dict.fromkeys(_WORDS.get(name, name) for name in names))
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _not_a_choice(value: Any, choices: list[Any]) -> str:
    close = difflib.get_close_matches(str(value), [str(choice) for choice in choices], n=1)
    fix = f"; did you mean {close[0]}?" if close else ""
    return f"must be one of {', '.join(map(str, choices))}{fix}"


def _field(path: Iterable[str | int]) -> str:
    return ".".join(["arguments", *map(str, path)])
