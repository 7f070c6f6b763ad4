"""JSON to documents: one value after the other, as kubectl reads them."""

import json
from collections.abc import Iterator
from functools import partial
from math import isfinite
from typing import Any

from scheduledtask_operator.api.documents import ComposeError, Document, Fault, TooDeepError
from scheduledtask_operator.api.yaml_documents import yaml_documents


class NotJsonError(ComposeError):
    """The text is not JSON, at `line`."""


def json_documents(text: str) -> Iterator[Document]:
    """Raises NotJsonError where the text stops being JSON, ComposeError where it cannot be used."""
    end, line, index = 0, 1, 0
    while (start := _skip_space(text, end)) < len(text):
        line += text.count("\n", end, start)
        repeated: list[str] = []
        value, end = _decode(text, start, line, repeated)
        yield _placed(Document(index, line, value, {}), text[start:end], repeated)
        line += text.count("\n", start, end)
        index += 1


def _decode(text: str, start: int, line: int, repeated: list[str]) -> tuple[Any, int]:
    hook = partial(_note_repeated, repeated)
    decoder = json.JSONDecoder(object_pairs_hook=hook, parse_constant=_refuse_constant, parse_float=_finite)
    try:
        return decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise NotJsonError(f"is not JSON: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise TooDeepError(line) from error
    except ValueError as error:
        raise ComposeError(f"holds a number that cannot be used: {error}", line) from error


def _note_repeated(repeated: list[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            repeated.append(key)
        data[key] = value
    return data


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is none of JSON; write a finite one")


def _finite(text: str) -> float:
    if not isfinite(number := float(text)):
        raise ValueError(f"{text} is too large; write a smaller one")
    return number


def _skip_space(text: str, start: int) -> int:
    while start < len(text) and text[start] in " \t\r\n":
        start += 1
    return start


def _placed(document: Document, text: str, repeated: list[str]) -> Document:
    """JSON is YAML but for its tabs, which stand between tokens only: so YAML tells the lines, where it can."""
    above = document.line - 1
    try:
        composed = next(yaml_documents(text.replace("\t", " ")))
    except TooDeepError as error:
        raise TooDeepError(error.line + above) from error
    except ComposeError:  # a few escapes of JSON are none of YAML's
        faults = tuple(Fault("is there twice; keep one of the two", document.line, (key,)) for key in repeated)
        return Document(document.index, document.line, document.data, {}, faults)
    places = {path: type(place)(place.line + above, place.written) for path, place in composed.places.items()}
    faults = tuple(Fault(fault.message, fault.line + above, fault.path) for fault in composed.faults)
    return Document(document.index, document.line, document.data, places, faults)
