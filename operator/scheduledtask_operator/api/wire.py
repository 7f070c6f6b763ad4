"""The base of the models, and the kinds of text that their fields hold.

On the wire names are camelCase and values are what people write (`2h`, `8Gi`); the models check the text once and offer
it in units (`duration_seconds`).
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Strict,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from scheduledtask_workloads.contract.quantity import QuantityError, parse_duration, parse_memory


class WireModel(BaseModel):
    """Frozen, camelCase, closed; an explicit null is as good as an absent field, as at the API server."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, serialize_by_alias=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return {name: value for name, value in given.items() if value is not None}
        return given


def aliases(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The names that `model` has on the wire, each with what is known of its field."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


class LooseWireModel(WireModel):
    """The same, for what others write too: fields it does not know are ignored."""

    model_config = ConfigDict(extra="ignore")


def _patterned(pattern: str, wanted: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(wanted)
        return text

    return check


def _sized(max_length: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not 1 <= len(text) <= max_length:
            raise ValueError(f"has {len(text)} characters; write 1 to {max_length}")
        return text

    return check


def _schema(max_length: int, pattern: str | None = None) -> WithJsonSchema:
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": max_length}
    return WithJsonSchema({**schema, "pattern": f"^{pattern}$"} if pattern else schema)


def _more_than_zero(parse: Callable[[str], float]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if parse(text) <= 0:
            raise ValueError("is nothing at all; write more than 0")
        return text

    return check


def _with_unit(example: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise QuantityError(f"has no unit; write {value}{example}")
        return value

    return check


def _only_json(value: dict[str, Any]) -> dict[str, Any]:
    errors = [
        InitErrorDetails(
            type=PydanticCustomError("rule", "is a date, not text; put it in quotes"), loc=path, input=found
        )
        for path, found in _dates(value, ())
    ]
    if errors:
        raise ValidationError.from_exception_data("object", errors)
    return value


def _dates(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], date]]:
    """YAML makes dates of some bare words; JSON, which is what travels, has none."""
    if isinstance(value, date):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _dates(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _dates(item, (*path, index))


LABEL_PATTERN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_WANTED = (
    "is not a DNS label; write lower-case letters, digits and '-', beginning and ending with one of the first"
)
_CATALOG_PATTERN = r"[A-Za-z0-9_]([-A-Za-z0-9_./:]*[A-Za-z0-9_])?"
_CATALOG_WANTED = "is not a task's name; write letters, digits and any of -_./: in between"
_DURATION_PATTERN = r"([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+"
_DURATION_WANTED = "is not a duration; write a number and a unit, such as 90s, 5m or 1h30m"
_MEMORY_PATTERN = r"[0-9]+(\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?"
_MEMORY_WANTED = "is not an amount of memory; write a number and a suffix, such as 500M or 8Gi"
_DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATE_WANTED = "is not a date; write it as 2026-12-24"

NAME_LENGTH = 52  # CronJob's own bound: a label's 63 characters less 11 for what is appended
RUN_NAME_LENGTH = 63  # a label's
_NAMESPACE_LENGTH = 63

ResourceName = Annotated[
    str,
    AfterValidator(_sized(NAME_LENGTH)),
    AfterValidator(_patterned(LABEL_PATTERN, _LABEL_WANTED)),
    _schema(NAME_LENGTH, LABEL_PATTERN),
]
RunName = Annotated[
    str,
    AfterValidator(_sized(RUN_NAME_LENGTH)),
    AfterValidator(_patterned(LABEL_PATTERN, _LABEL_WANTED)),
    _schema(RUN_NAME_LENGTH, LABEL_PATTERN),
]
NamespaceName = Annotated[
    str,
    AfterValidator(_sized(_NAMESPACE_LENGTH)),
    AfterValidator(_patterned(LABEL_PATTERN, _LABEL_WANTED)),
    _schema(_NAMESPACE_LENGTH, LABEL_PATTERN),
]
CatalogName = Annotated[
    str,
    AfterValidator(_sized(253)),
    AfterValidator(_patterned(_CATALOG_PATTERN, _CATALOG_WANTED)),
    _schema(253, _CATALOG_PATTERN),
]
Duration = Annotated[
    str,
    BeforeValidator(_with_unit("s")),
    AfterValidator(_sized(32)),
    AfterValidator(_patterned(_DURATION_PATTERN, _DURATION_WANTED)),
    _schema(32, _DURATION_PATTERN),
]
PositiveDuration = Annotated[Duration, AfterValidator(_more_than_zero(parse_duration)), _schema(32, _DURATION_PATTERN)]
Memory = Annotated[
    str,
    BeforeValidator(_with_unit("M, or the suffix that is meant")),
    AfterValidator(_sized(32)),
    AfterValidator(_patterned(_MEMORY_PATTERN, _MEMORY_WANTED)),
    AfterValidator(_more_than_zero(parse_memory)),
    _schema(32, _MEMORY_PATTERN),
]
CalendarDate = Annotated[
    str, AfterValidator(_sized(10)), AfterValidator(_patterned(_DATE_PATTERN, _DATE_WANTED)), _schema(10, _DATE_PATTERN)
]
Words = Annotated[str, AfterValidator(_sized(256)), _schema(256)]
LongWords = Annotated[str, AfterValidator(_sized(2048)), _schema(2048)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
OPEN_OBJECT: JsonDict = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
JsonObject = Annotated[dict[str, Any], AfterValidator(_only_json), WithJsonSchema(OPEN_OBJECT)]
