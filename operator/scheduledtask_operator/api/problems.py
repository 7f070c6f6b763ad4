"""What is wrong with a manifest, in one line that names place, field, value and fix."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_./-]{1,64}")
_VALUE_LENGTH = 80  # more of a value than that hides the message

FieldPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ManifestProblem:
    """`line` counts from 1, `document` from 0; None where there is no such place.

    `value` is as it was written, None where nothing was. `subject` is `namespace/name` where it could be read, so that
    the last good version of that resource can be kept.
    """

    source: str
    message: str
    line: int | None = None
    document: int | None = None
    field: FieldPath = ()
    value: str | None = None
    fix: str = ""
    subject: str | None = None

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{one_line(place)}: {self.finding}"

    @property
    def finding(self) -> str:
        """Field, value, what is wrong and its fix, without the place."""
        parts = [*([format_path(self.field)] if self.field else []), *([self.value] if self.value else [])]
        ending = f"; {self.fix}" if self.fix else ""
        joint = " " if self.value and _continues(self.message) else ": " if parts else ""
        return one_line(f"{': '.join(parts)}{joint}{self.message}{ending}")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was left alone, and why; not an error."""

    source: str
    line: int
    message: str

    def __str__(self) -> str:
        return one_line(f"{self.source}:{self.line}: {self.message}")


def _continues(message: str) -> bool:
    return message.startswith(("is ", "has ", "puts ", "ends "))


def format_path(path: FieldPath) -> str:
    """`("spec", "triggers", 0, "outcomes")` is `spec.triggers[0].outcomes`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_NAME.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{format_value(part)}]"
    return text


def format_value(value: Any) -> str:
    """JSON, in quotes where it is text, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _VALUE_LENGTH else f"{text[: _VALUE_LENGTH - 3]}..."


def one_line(text: str) -> str:
    """`text` with whatever would break the line, or the terminal, written as an escape."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def unreadable(path: Path, error: OSError) -> ManifestProblem:
    return ManifestProblem(str(path), f"cannot be read: {error.strerror or error}", fix="give a file or a directory")
