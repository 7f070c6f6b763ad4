"""What a body returned, as JSON that travels; what it raised, as one line."""

import json
from dataclasses import asdict, is_dataclass
from datetime import date
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

from scheduledtask_workloads.execution.masking import NO_MASKER, Masker

RESULT_LIMIT_BYTES = 64 * 1024
_MESSAGE_LIMIT = 500
_WRAPPING = 10  # levels of the messages around a result; the parser on the other side takes 200 in all


class BadResultError(Exception):
    """The result is not JSON, or too large; the text says which and what to do."""


def as_json(result: object, masker: Masker = NO_MASKER) -> Any:
    """Plain JSON values. Raises BadResultError, whose text shows no value of `masker`.

    pydantic models, dataclasses, dates and paths are written as JSON has them; sets and not-a-number are refused.
    """
    try:
        text = json.dumps(result, allow_nan=False, ensure_ascii=False, default=_plain)
        size = len(text.encode())  # refuses halves of surrogate pairs, too
        from_json(_WRAPPING * "[" + text + _WRAPPING * "]")
    except Exception as error:  # a stranger's object may raise anything while it is read
        raise BadResultError(f"the result ({type(result).__name__}) is not JSON: {one_line(error, masker)}") from error
    if size > RESULT_LIMIT_BYTES:
        raise BadResultError(f"the result has {size} bytes of JSON, above {RESULT_LIMIT_BYTES}; write it to artifacts")
    return json.loads(text)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def one_line(error: BaseException, masker: Masker = NO_MASKER) -> str:
    """`Type: text`, bounded; masked before it is cut, so that no part of a value is left."""
    try:
        text = " ".join(masker.text(str(error)).encode(errors="backslashreplace").decode().split())
    except Exception:  # noqa: BLE001  a stranger's __str__
        text = "(its text cannot be read)"
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= _MESSAGE_LIMIT else f"{line[:_MESSAGE_LIMIT]}…"
