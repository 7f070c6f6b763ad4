"""References to Secrets in arguments: `{secretKeyRef: {name, key}}` in the place of a text, at any depth.

What travels and what is kept has the references alone. Values are with the host of a run: a worker has them in its
environment, the runners get them with the order.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import PlainSerializer, SecretStr

from scheduledtask_workloads.contract.model import Message

REFERENCE_FIELD = "secretKeyRef"
VARIABLE_PREFIX = "SCHEDULEDTASK_SECRET_"
VALUE_LIMIT_BYTES = 16 * 1024
REFERENCES_LIMIT = 32  # of one task; with the limit on what they hold, a task's values fit in one message
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_NAME_LENGTH = 253
_NO_LETTER = re.compile(r"[^A-Z0-9]+")

Path = tuple[str | int, ...]


class SecretReference(NamedTuple):
    """One key of a Secret in the task's own namespace."""

    name: str
    key: str

    def __str__(self) -> str:
        return f"key {self.key} of Secret {self.name}"

    @property
    def readable_variable(self) -> str:
        """The environment variable that a person sets on a machine without Secrets."""
        name, key = (_NO_LETTER.sub("_", text.upper()) for text in self)
        return f"{VARIABLE_PREFIX}{name}__{key}"

    @property
    def variable(self) -> str:
        """The worker's environment variable; no two references share one, though letters and dots are folded."""
        return f"{self.readable_variable}_{hashlib.sha256('/'.join(self).encode()).hexdigest()[:8]}"


HiddenText = Annotated[SecretStr, PlainSerializer(lambda hidden: hidden.get_secret_value(), when_used="json")]
"""Travels as text, and shows as asterisks in whatever is logged."""


class SecretValue(Message):
    """What a reference stands for."""

    name: str
    key: str
    value: HiddenText

    @property
    def reference(self) -> SecretReference:
        return SecretReference(self.name, self.key)


def references_in(arguments: Mapping[str, Any]) -> tuple[SecretReference, ...]:
    """Each once, in order. Of arguments without `reference_problems`."""
    return tuple(sorted({_reference(found) for _, found in _walk(arguments, ()) if not _problem(found)}))


def reference_problems(arguments: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """Where something looks like a reference and is none, and what is wrong with it."""
    found = list(_walk(arguments, ()))
    problems = [(path, problem) for path, each in found if (problem := _problem(each))]
    if not problems and len(references_in(arguments)) > REFERENCES_LIMIT:
        return [((), f"has {len(references_in(arguments))} references to Secrets; {REFERENCES_LIMIT} are allowed")]
    return problems


def substituted(arguments: Mapping[str, Any], value_of: Callable[[SecretReference], Any]) -> dict[str, Any]:
    """The same arguments with `value_of` each reference in its place."""
    return {name: _substituted(value, value_of) for name, value in arguments.items()}


class UnknownText(str):
    """Stands for a value where arguments are checked and no value is known; reads as what it stands for."""

    __slots__ = ()


def with_unknown_texts(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What can be checked before a run: that a text may stand where a reference does."""
    return substituted(arguments, lambda reference: UnknownText(f"{REFERENCE_FIELD} {reference.name}/{reference.key}"))


def without_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Without the variables of Secrets."""
    return {name: value for name, value in environment.items() if not name.startswith(VARIABLE_PREFIX)}


def _substituted(value: Any, value_of: Callable[[SecretReference], Any]) -> Any:
    if isinstance(value, dict):
        if REFERENCE_FIELD in value and not _problem(value):
            return value_of(_reference(value))
        return substituted(value, value_of)
    return [_substituted(each, value_of) for each in value] if isinstance(value, list) else value


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Everything with the field of a reference, outermost first; what is below one is its own."""
    if isinstance(value, Mapping):
        if path and REFERENCE_FIELD in value:
            yield path, dict(value)
            return
        yield from _walk_all(value.items(), path)
    elif isinstance(value, list):
        yield from _walk_all(enumerate(value), path)


def _walk_all(items: Iterable[tuple[Any, Any]], path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for step, each in items:
        yield from _walk(each, (*path, step))


def _reference(found: Mapping[str, Any]) -> SecretReference:
    return SecretReference(found[REFERENCE_FIELD]["name"], found[REFERENCE_FIELD]["key"])


def _problem(found: Mapping[str, Any]) -> str:
    given = found[REFERENCE_FIELD]
    if len(found) > 1:
        others = ", ".join(sorted(name for name in found if name != REFERENCE_FIELD))
        return f"has {REFERENCE_FIELD} and {others}; a reference to a Secret stands alone"
    if not isinstance(given, Mapping) or set(given) != {"name", "key"}:
        return f"{REFERENCE_FIELD} names a Secret and one of its keys; write {{name: NAME, key: KEY}}"
    name, key = given["name"], given["key"]
    if not isinstance(name, str) or len(name) > _NAME_LENGTH or not _NAME.fullmatch(name):
        return f"{REFERENCE_FIELD}.name: {name!r} is no name of a Secret; write lower case letters, digits, '-', '.'"
    if not isinstance(key, str) or len(key) > _NAME_LENGTH or not _KEY.fullmatch(key) or key in {".", ".."}:
        return f"{REFERENCE_FIELD}.key: {key!r} is no key of a Secret; write letters, digits, '-', '_', '.'"
    return ""
