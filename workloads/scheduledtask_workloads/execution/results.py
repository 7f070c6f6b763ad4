"""What a body returned, as JSON that travels; what it raised, as one line."""

import json
from typing import Any

from pydantic_core import to_jsonable_python

RESULT_LIMIT_BYTES = 64 * 1024
_MESSAGE_LIMIT = 500


class BadResultError(Exception):
    """The result is not JSON, or too large; the text says which and what to do."""


def as_json(result: object) -> Any:
    """Plain JSON values. Raises BadResultError.

    Dataclasses, pydantic models, dates, paths and sets are written as JSON has them; not-a-number is refused.
    """
    try:
        value = to_jsonable_python(result)
        size = len(json.dumps(value, allow_nan=False).encode())
    except Exception as error:  # a stranger's object may raise anything while it is read
        raise BadResultError(f"the result ({type(result).__name__}) is not JSON: {one_line(error)}") from error
    if size > RESULT_LIMIT_BYTES:
        raise BadResultError(f"the result has {size} bytes of JSON, above {RESULT_LIMIT_BYTES}; write it to artifacts")
    return value


def one_line(error: BaseException) -> str:
    """`Type: text`, bounded."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001  a stranger's __str__
        text = "(its text cannot be read)"
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= _MESSAGE_LIMIT else f"{line[:_MESSAGE_LIMIT]}…"
