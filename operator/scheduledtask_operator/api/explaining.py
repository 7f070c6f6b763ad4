"""From pydantic's findings to problems that a person can act on: field, value as written, fix."""

import difflib
import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from scheduledtask_operator.api.documents import kind_of
from scheduledtask_operator.api.problems import FieldPath, format_path, format_value
from scheduledtask_operator.api.resource import ScheduledTask
from scheduledtask_operator.api.wire import aliases

_NOT_A = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}
_HOW = {
    "text": 'put it in quotes: "{written}"',
    "a whole number": "write digits only, without quotes",
    "true or false": "write true or false, without quotes",
    "a mapping": "write its fields below it, indented",
    "a list": "write each item on a line of its own, after a dash",
}
_BOUNDS = {
    "greater_than_equal": ("is less than {ge}", "write {ge} or more"),
    "less_than_equal": ("is more than {le}", "write {le} or less"),
    "too_long": ("has more than {max_length} items", "write {max_length} at most"),
    "too_short": ("has fewer than {min_length} items", "write {min_length} at least"),
}


class Explained(typing.NamedTuple):
    """`value` None: there is nothing to show."""

    field: FieldPath
    value: str | None
    message: str
    fix: str


def explain(error: ErrorDetails, written: str | None, root: type[BaseModel] = ScheduledTask) -> Explained:
    """`written` is the scalar as it stands in the text, None where there is none. `root` is what was to be read."""
    path, kind = _field_path(error["loc"]), error["type"]
    if kind == "missing":
        return Explained(path, None, "is missing", f"add it: {_description(root, path)}")
    if kind == "extra_forbidden":
        return Explained(path, None, f"is no field of {root.__name__}", _nearest_field(root, path))
    value = _shown(error["input"], written)
    if kind in ("enum", "literal_error"):
        return _not_a_choice(root, path, value, error, written)
    if kind in _NOT_A:
        wanted = _NOT_A[kind]
        return Explained(path, value, *_wrong_kind(error["input"], wanted, written))
    return Explained(path, value, *_out_of_bounds(error))


def _out_of_bounds(error: ErrorDetails) -> tuple[str, str]:
    context = error.get("ctx", {})
    if error["type"] in _BOUNDS:
        message, fix = _BOUNDS[error["type"]]
        return message.format(**context), fix.format(**context)
    if error["type"] == "value_error":
        return str(context["error"]), ""
    return error["msg"], ""


def _wrong_kind(value: Any, wanted: str, written: str | None) -> tuple[str, str]:
    how = _HOW[wanted]
    if wanted == "text":
        how = how.format(written=written) if written is not None else "write text in quotes"
    return f"is {kind_of(value)}, not {wanted}", how


def _not_a_choice(
    root: type[BaseModel], path: FieldPath, value: str | None, error: ErrorDetails, written: str | None
) -> Explained:
    if not isinstance(error["input"], str):
        return Explained(path, value, *_wrong_kind(error["input"], "text", written))
    choices = [str(choice) for choice in _choices(root, path)]
    near = difflib.get_close_matches(error["input"].lower(), {choice.lower(): choice for choice in choices}, 1, 0.7)
    meant = next((choice for choice in choices if near and choice.lower() == near[0]), None)
    fix = f"did you mean {meant}?" if meant else f"write one of {', '.join(choices)}"
    return Explained(path, value, "is not one of the choices", fix)


def _shown(value: Any, written: str | None) -> str | None:
    if isinstance(value, dict | list | tuple):
        return None
    if isinstance(value, str) or written is None:
        return format_value(value)
    return written or "null"


def _field_path(location: tuple[int | str, ...]) -> FieldPath:
    """Without what pydantic adds where a key is wrong."""
    return tuple(part for part in location if part != "[key]")


def _nearest_field(root: type[BaseModel], path: FieldPath) -> str:
    *parent, given = path
    known = sorted(aliases(_model_at(root, tuple(parent)) or root))
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(given).replace("_", "").lower(), folded, 1, 0.75)
    if near:
        return f"did you mean {folded[near[0]]}?"
    elsewhere = [format_path(other) for other in _fields_named(root, str(given))]
    if elsewhere:
        return f"did you mean {' or '.join(elsewhere)}?"
    return f"remove it, or write one of {', '.join(known)}"


def _fields_named(root: type[BaseModel], name: str) -> list[FieldPath]:
    return [path for path in _all_fields(root, ()) if path[-1] == name and path[0] != "status"]


def _all_fields(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in aliases(model).items():
        yield (*path, name)
        for nested in _models_in(field.annotation):
            yield from _all_fields(nested, (*path, name))


def _description(root: type[BaseModel], path: FieldPath) -> str:
    parent = _model_at(root, path[:-1])
    field = aliases(parent).get(str(path[-1])) if parent else None
    text = field.description if field and field.description else "it is required"
    return text[0].lower() + text[1:].split(". ")[0].rstrip(".")


def _choices(root: type[BaseModel], path: FieldPath) -> list[str]:
    names = [part for part in path if isinstance(part, str)]
    parent = _model_at(root, tuple(names[:-1]))
    field = aliases(parent)[names[-1]] if parent else None
    return [] if field is None else [str(choice) for choice in _choices_in(field.annotation)]


def _choices_in(annotation: Any) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return list(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation))
    return [choice for inner in typing.get_args(annotation) for choice in _choices_in(inner)]


def _model_at(root: type[BaseModel], path: FieldPath) -> type[BaseModel] | None:
    model: type[BaseModel] | None = root
    for part in path:
        if isinstance(part, str) and model is not None:
            field = aliases(model).get(part)
            model = next(_models_in(field.annotation), None) if field else None
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, types.GenericAlias | types.UnionType) or typing.get_args(annotation):
        for inner in typing.get_args(annotation):
            yield from _models_in(inner)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
