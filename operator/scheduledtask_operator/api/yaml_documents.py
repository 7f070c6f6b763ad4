"""YAML to documents.

The composer is our own, over the parser's events: PyYAML's recursive one takes the whole process with it at some ten
thousand brackets, keeps the last of two equal keys, and forgets the lines. Values keep the types that YAML 1.1 gives
them, as with kubectl: a bare `on` is a boolean, `1e3` is text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Any

import yaml

from scheduledtask_operator.api.documents import DEEPEST, ComposeError, Document, Fault, Place, TooDeepError, kind_of
from scheduledtask_operator.api.problems import FieldPath, format_value

_MOST_ALIASED = 10_000  # values that the aliases of one text may repeat; more is a bomb
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same result, 20 times faster
_MERGE = "tag:yaml.org,2002:merge"
_COLLECTIONS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_BAD_SCALAR = (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError, OverflowError)


def yaml_documents(text: str) -> Iterator[Document]:
    """Raises ComposeError where the text cannot be read on, after yielding the documents before."""
    try:
        loader = _LOADER(text)
        composer = _Composer(loader)
        index = 0
        while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                yield composer.document(index, loader.get_event())
                index += 1
    except yaml.MarkedYAMLError as error:
        raise ComposeError(f"is not YAML: {_what(error)}", _error_line(error)) from error
    except (yaml.YAMLError, UnicodeError) as error:
        line = _bad_character_line(text)
        raise ComposeError("is not YAML: it holds a character that YAML does not allow; remove it", line) from error


def _what(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    return ", ".join(parts) or "it cannot be parsed"


def _error_line(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _bad_character_line(text: str) -> int:
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return text.count("\n", 0, match.start() if match else 0) + 1


@dataclass(frozen=True, slots=True)
class _Anchored:
    data: Any
    size: int


@dataclass(slots=True)
class _Composer:
    """Builds one document after the other; `size` counts the values of the current one, aliases written out."""

    loader: Any
    places: dict[FieldPath, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    size: int = 0
    aliased: int = 0

    def document(self, index: int, first: Any) -> Document:
        self.places, self.faults, self.anchors, self.size = {}, [], {}, 0
        data = self._value(first, ())
        return Document(index, _line(first), data, self.places, tuple(self.faults))

    def _value(self, event: Any, path: FieldPath) -> Any:
        if len(path) > DEEPEST:
            raise TooDeepError(_line(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        size_before = self.size
        self.size += 1
        data = self._own_value(event, path)
        if event.anchor:
            self.anchors[event.anchor] = _Anchored(data, self.size - size_before)
        return data

    def _own_value(self, event: Any, path: FieldPath) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            self.places[path] = Place(_line(event), event.value)
            return self._scalar(event, path)
        self.places[path] = Place(_line(event))
        if event.tag not in _COLLECTIONS:
            self._fault(f"the tag {event.tag} has no form in JSON; leave it out", event, path)
        return self._sequence(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _alias(self, event: Any, path: FieldPath) -> Any:
        self.places[path] = Place(_line(event))
        anchored = self.anchors.get(event.anchor)
        if anchored is None:
            self._fault(f"*{event.anchor} names no anchor before it; write &{event.anchor} there first", event, path)
            return None
        self.size += anchored.size
        self.aliased += anchored.size
        if self.aliased > _MOST_ALIASED:
            raise ComposeError(
                f"repeats more than {_MOST_ALIASED} values through aliases; write them out", _line(event)
            )
        return anchored.data

    def _sequence(self, path: FieldPath) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self.loader.get_event(), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: FieldPath) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := self.loader.get_event(), yaml.MappingEndEvent):
            if self._is_merge(event):
                self._merge(merged, event, path)
            else:
                self._entry(own, event, path)
        return {**merged, **own}

    def _entry(self, own: dict[str, Any], event: Any, path: FieldPath) -> None:
        key = self._key(event, path)
        here = (*path, key)
        if key in own:
            first_line = self.places[here].line
            self._fault(f"is there twice, first on line {first_line}; keep one of the two", event, here)
        data = self._value(self.loader.get_event(), here)
        own[key] = data
        self.places[here] = Place(_line(event), self.places[here].written)

    def _key(self, event: Any, path: FieldPath) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._fault("has a key that is not text; write a name before the colon", event, path)
            self._value(event, (*path, "?"))
            return "?"
        key = self._scalar(event, path)
        if not isinstance(key, str):
            self._fault(f"has the key {event.value}, {kind_of(key)} and not text; put it in quotes", event, path)
        return event.value if isinstance(event.value, str) else "?"

    def _is_merge(self, event: Any) -> bool:
        return isinstance(event, yaml.ScalarEvent) and self._tag(event) == _MERGE

    def _merge(self, merged: dict[str, Any], event: Any, path: FieldPath) -> None:
        value = self._value(self.loader.get_event(), (*path, "<<"))
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, dict):
                merged.update({key: item for key, item in source.items() if key not in merged})
            else:
                self._fault("takes a mapping, or a list of them; write an alias of one", event, (*path, "<<"))

    def _scalar(self, event: Any, path: FieldPath) -> Any:
        node = yaml.ScalarNode(self._tag(event), event.value, event.start_mark, event.end_mark)
        try:
            data = self.loader.construct_object(node)
        except _BAD_SCALAR:
            self._fault(f"{format_value(event.value)} is not what its form promises; put it in quotes", event, path)
            return None
        if not _has_json_form(data):
            self._fault(f"{format_value(event.value)} has no form in JSON; put it in quotes", event, path)
            return None
        return data

    def _tag(self, event: Any) -> Any:
        if event.tag is None or event.tag == "!":
            return self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        return event.tag

    def _fault(self, message: str, event: Any, path: FieldPath) -> None:
        self.faults.append(Fault(message, _line(event), path))


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _has_json_form(data: Any) -> bool:
    if isinstance(data, float):
        return isfinite(data)
    return data is None or isinstance(data, str | int | date)
