"""A function's parameters as a pydantic model: their JSON schema, and arguments checked against it."""

import difflib
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails

from scheduledtask_workloads.catalog.context import RunContext
from scheduledtask_workloads.catalog.errors import BadArgumentsError, TaskDefinitionError
from scheduledtask_workloads.contract.catalog_document import ArgumentProblem
from scheduledtask_workloads.contract.quantity import parse_duration
from scheduledtask_workloads.contract.secrets import UnknownText, with_unknown_texts

_NEVER_A_TEXT = frozenset(
    {f"{kind}_type" for kind in ("dict", "list", "tuple", "set", "frozen_set", "model", "dataclass", "mapping")}
    | {"model_attributes_type", "none_required", "extra_forbidden"}
)
_OF_A_VALIDATOR = frozenset({"value_error", "assertion_error"})
_KEYWORD_KINDS = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


def _seconds(value: object) -> object:
    seconds = parse_duration(value) if isinstance(value, str) else value
    if isinstance(seconds, int | float) and not seconds > 0:
        raise ValueError("a duration must be above 0")
    return seconds


Duration = Annotated[float, BeforeValidator(_seconds, json_schema_input_type=str | float)]
"""Seconds above 0, as float; written as `90s`, `5m`, `1h30m`, or as a number."""


class _PlainSchema(GenerateJsonSchema):
    """Without the titles that repeat each field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class ArgumentsModel:
    """How arguments become the keywords of a call."""

    model: type[BaseModel]
    fields: Mapping[str, str]  # parameter → field of the model; empty when the model itself is the one parameter
    model_parameter: str | None
    context_parameter: str | None

    def schema(self) -> dict[str, Any]:
        """The JSON schema of an object."""
        schema = self.model.model_json_schema(schema_generator=_PlainSchema)
        return {key: value for key, value in schema.items() if key not in {"title", "description"}}

    def keywords(self, arguments: Mapping[str, Any], context: RunContext) -> dict[str, Any]:
        """What the function is called with. Raises BadArgumentsError."""
        try:
            value = self.model.model_validate(dict(arguments))
        except ValidationError as error:
            raise BadArgumentsError(self._problems(error)) from None
        keywords = {name: getattr(value, field) for name, field in self.fields.items()}
        if self.model_parameter:
            keywords[self.model_parameter] = value
        if self.context_parameter:
            keywords[self.context_parameter] = context
        return keywords

    def problems(self, arguments: Mapping[str, Any]) -> list[ArgumentProblem]:
        """One for each argument that does not fit; none when all do.

        Of a reference to a Secret it is only known that it is a text; whether it is a good one shows in the run.
        """
        try:
            self.model.model_validate(with_unknown_texts(arguments))
        except ValidationError as error:
            return self._problems(error)
        return []

    def _problems(self, error: ValidationError) -> list[ArgumentProblem]:
        known = [field.alias or name for name, field in self.model.model_fields.items()]
        found = error.errors(include_url=False)
        undecided = {id(details["input"]) for details in found if _is_undecided(details)}
        return [_problem(details, known) for details in found if id(details["input"]) not in undecided]


def _is_undecided(details: ErrorDetails) -> bool:
    """Nobody knows before the run: a Secret's value may be what is asked for, and a model may look at all fields.

    Of several types that a parameter may have, each has an error of its own, with the same input.
    """
    given = details["input"]
    if isinstance(given, UnknownText):
        return details["type"] not in _NEVER_A_TEXT
    return details["type"] in _OF_A_VALIDATOR and _holds_unknown(given)


def _holds_unknown(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_unknown, value.values()))
    return any(map(_holds_unknown, value)) if isinstance(value, list) else isinstance(value, UnknownText)


def _problem(details: ErrorDetails, known: list[str]) -> ArgumentProblem:
    path = ".".join(["arguments", *map(str, details["loc"])])
    if details["type"] == "missing":
        return ArgumentProblem(field=path, message="is required")
    if details["type"] == "extra_forbidden" and len(details["loc"]) == 1:
        return ArgumentProblem(field=path, value=details["input"], message=_no_such(str(details["loc"][0]), known))
    return ArgumentProblem(field=path, value=details["input"], message=details["msg"].removeprefix("Value error, "))


def _no_such(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"no such argument; did you mean {close[0]}?"
    return f"no such argument; the task takes {', '.join(known) or 'none'}"


def arguments_model(function: Callable[..., Any], where: str) -> ArgumentsModel:
    """Read a function's signature. Raises TaskDefinitionError; `where` names the task in its message."""
    hints = _hints(function, where)
    parameters = dict(inspect.signature(function).parameters)
    for parameter in parameters.values():
        _check_parameter(parameter, hints, where)
    contexts = [name for name in parameters if hints[name] is RunContext]
    if len(contexts) > 1:
        raise TaskDefinitionError(f"{where}: {' and '.join(contexts)} are both RunContext; keep one")
    taken = {name: parameter for name, parameter in parameters.items() if name not in contexts}
    context = contexts[0] if contexts else None
    if len(taken) == 1 and _is_model(hints[next(iter(taken))]):
        name = next(iter(taken))
        return ArgumentsModel(_strict(hints[name]), {}, name, context)
    for parameter in taken.values():
        _check_type(parameter, hints[parameter.name], where)
    return _from_parameters(taken, hints, context)


def _hints(function: Callable[..., Any], where: str) -> dict[str, Any]:
    """The parameters' types; what the function returns may be named for the type checker alone."""
    annotations = {name: kind for name, kind in function.__annotations__.items() if name != "return"}
    holder = types.SimpleNamespace(__annotations__=annotations)
    names = inspect.unwrap(function).__globals__
    try:
        return typing.get_type_hints(holder, names, include_extras=True)
    except (NameError, TypeError, SyntaxError, AttributeError) as error:
        raise TaskDefinitionError(f"{where}: its annotations cannot be read: {error}") from error


def _check_parameter(parameter: inspect.Parameter, hints: Mapping[str, Any], where: str) -> None:
    name = parameter.name
    if parameter.kind not in _KEYWORD_KINDS:
        raise TaskDefinitionError(f"{where}: parameter {parameter} cannot be given by name; make it a plain one")
    if name not in hints:
        raise TaskDefinitionError(f"{where}: parameter {name} has no annotation; write {name}: int, or what it takes")


def _check_type(parameter: inspect.Parameter, annotation: Any, where: str) -> None:
    about = f"{where}: parameter {parameter.name}"
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        adapter.json_schema()
    except PydanticUserError as error:
        reason = str(error).splitlines()[0]
        raise TaskDefinitionError(f"{about}: {annotation!r} cannot be described as JSON: {reason}") from error
    if parameter.default is parameter.empty:
        return
    try:
        adapter.dump_json(adapter.validate_python(parameter.default))
    except ValueError as error:
        raise TaskDefinitionError(f"{about}: the default {parameter.default!r} does not fit its annotation") from error


def _from_parameters(
    taken: Mapping[str, inspect.Parameter], hints: Mapping[str, Any], context: str | None
) -> ArgumentsModel:
    # Fields have neutral names and the parameters' as aliases: a parameter may be called `json` or `copy`.
    fields = {name: f"argument_{index}" for index, name in enumerate(taken)}
    definitions: dict[str, Any] = {
        fields[name]: (
            hints[name],
            Field(alias=name)
            if parameter.default is parameter.empty
            else Field(parameter.default, alias=name, validate_default=True),
        )
        for name, parameter in taken.items()
    }
    model = create_model("Arguments", __config__=ConfigDict(extra="forbid"), **definitions)
    return ArgumentsModel(model, fields, None, context)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _strict(model: type[BaseModel]) -> type[BaseModel]:
    """The same model, refusing unknown fields unless its author decided about them."""
    if model.model_config.get("extra") is not None:
        return model
    return cast(type[BaseModel], types.new_class(model.__name__, (model,), {"extra": "forbid"}))
