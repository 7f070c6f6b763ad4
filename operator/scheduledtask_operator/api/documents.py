"""What a text of manifests comes apart into: documents, each with the line of every field."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduledtask_operator.api.problems import FieldPath

DEEPEST = 64  # levels of nesting; Kubernetes' own types stay under 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, and for a scalar how it is written there."""

    line: int
    written: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a document that cannot be taken as it stands; the rest of the document was read."""

    message: str
    line: int
    path: FieldPath


@dataclass(frozen=True, slots=True)
class Document:
    """One document: `data` as JSON has it (dates apart), `places` by path, and what is wrong with its form."""

    index: int
    line: int
    data: Any
    places: dict[FieldPath, Place]
    faults: tuple[Fault, ...] = ()

    def place(self, path: FieldPath) -> Place:
        """Of the value at `path`, or of the nearest around it that has one."""
        if path in self.places:
            return self.places[path]
        while path and path not in self.places:
            path = path[:-1]
        return Place(self.places[path].line if path in self.places else self.line)


class ComposeError(Exception):
    """The text cannot be read on from `line`; the documents before it stand."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class TooDeepError(ComposeError):
    """The text is nested deeper than anything that is meant."""

    def __init__(self, line: int) -> None:
        super().__init__(f"is nested more than {DEEPEST} levels deep; flatten it", line)


def kind_of(value: Any) -> str:
    """What a value is, in words for an error message."""
    if value is None:
        return "null"
    return next(words for types, words in _KINDS if isinstance(value, types))


_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "a boolean"),
    (int | float, "a number"),
    (str, "text"),
    (date, "a date"),
    (dict, "a mapping"),
    (list | tuple, "a list"),
    (object, "something else"),
)
