"""Manifests to resources: YAML and JSON, many documents a file, whole directories.

Problems are collected, never raised: one bad document leaves the others standing.
"""

import difflib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from scheduledtask_operator.api.documents import ComposeError, Document, kind_of
from scheduledtask_operator.api.explaining import explain
from scheduledtask_operator.api.json_documents import NotJsonError, json_documents
from scheduledtask_operator.api.problems import FieldPath, ManifestProblem, Notice, format_value, unreadable
from scheduledtask_operator.api.resource import API_VERSION, GROUP, KIND, ScheduledTask
from scheduledtask_operator.api.run_resource import RUN_KIND, ScheduledTaskRun
from scheduledtask_operator.api.yaml_documents import yaml_documents
from scheduledtask_workloads.contract import TaskKey

SUFFIXES = (".yaml", ".yml", ".json")
_MODELS: dict[str, type[BaseModel]] = {KIND: ScheduledTask, RUN_KIND: ScheduledTaskRun}
_LISTS = ("List", *(f"{kind}List" for kind in _MODELS))


@dataclass(frozen=True, slots=True)
class ParsedResource:
    """A good resource, where it stands, and the document as it was given."""

    task: ScheduledTask
    source: str
    line: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ParsedRun:
    """A good ScheduledTaskRun, and where it stands."""

    run: ScheduledTaskRun
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class ParseResult:
    """Everything that came of some manifests; `resources` holds each namespace/name once, and so does `runs`."""

    resources: tuple[ParsedResource, ...] = ()
    runs: tuple[ParsedRun, ...] = ()
    problems: tuple[ManifestProblem, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def tasks(self) -> tuple[ScheduledTask, ...]:
        return tuple(resource.task for resource in self.resources)


def parse_manifests(text: str, source: str) -> ParseResult:
    """The ScheduledTasks of one text; `source` is how messages call it. Text without any is a problem."""
    gathering = _Gathering()
    gathering.read(text, source)
    return gathering.result(source)


def parse_paths(paths: Sequence[Path], *, recursive: bool = False) -> ParseResult:
    """The ScheduledTasks of files and directories; directories are read flat unless `recursive`."""
    gathering = _Gathering()
    for path in _files(paths, recursive, gathering.problems):
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            gathering.problems.append(unreadable(path, error))
        except UnicodeDecodeError as error:
            gathering.problems.append(_not_utf8(path, error))
        else:
            gathering.read(text, str(path))
    return gathering.result(", ".join(str(path) for path in paths))


def parse_directory(directory: Path, *, recursive: bool = False) -> ParseResult:
    """The ScheduledTasks of one directory."""
    return parse_paths([directory], recursive=recursive)


def manifest_files(directory: Path, *, recursive: bool = False) -> list[Path]:
    """Its manifests by their suffix, in order; hidden files and folders are left out. Raises OSError."""
    if not recursive:
        return sorted(path for path in directory.iterdir() if _is_manifest(path))
    found = [Path(folder, name) for folder, name in _walk(directory)]
    return sorted(path for path in found if _is_manifest(path))


def _walk(directory: Path) -> Iterator[tuple[str, str]]:
    for folder, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from ((folder, name) for name in names)


def _is_manifest(path: Path) -> bool:
    """A link to nothing counts, so that it is told; a pipe does not: reading it would wait for ever."""
    return path.suffix in SUFFIXES and not path.name.startswith(".") and (path.is_file() or not path.exists())


def _files(paths: Iterable[Path], recursive: bool, problems: list[ManifestProblem]) -> Iterator[Path]:
    seen: set[Path] = set()
    for path in paths:
        for file in _files_of(path, recursive, problems):
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def _files_of(path: Path, recursive: bool, problems: list[ManifestProblem]) -> list[Path]:
    if not path.is_dir():
        return [path]
    try:
        files = manifest_files(path, recursive=recursive)
    except OSError as error:
        problems.append(unreadable(path, error))
        return []
    if not files:
        problems.append(_empty_directory(path, recursive))
    return files


def _empty_directory(path: Path, recursive: bool) -> ManifestProblem:
    below = [] if recursive else manifest_files(path, recursive=True)
    fix = f"pass -R to read its folders too, {len(below)} there" if below else "put a ScheduledTask into it"
    return ManifestProblem(str(path), f"has no file that ends in {', '.join(SUFFIXES)}", fix=fix)


def _not_utf8(path: Path, error: UnicodeDecodeError) -> ManifestProblem:
    line = error.object.count(b"\n", 0, error.start) + 1
    return ManifestProblem(str(path), "is not text in UTF-8", line=line, fix="save it in that encoding")


@dataclass(slots=True)
class _Gathering:
    """What has been read so far, across texts."""

    resources: dict[TaskKey, ParsedResource] = field(default_factory=dict)
    runs: dict[TaskKey, ParsedRun] = field(default_factory=dict)
    generated: list[ParsedRun] = field(default_factory=list)
    problems: list[ManifestProblem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def result(self, where: str) -> ParseResult:
        runs = (*self.runs.values(), *self.generated)
        if not (self.resources or runs or self.problems):
            fix = f"add one, with apiVersion: {API_VERSION} and kind: {KIND}"
            self.problems.append(ManifestProblem(where, f"holds no {KIND}", fix=fix))
        return ParseResult(tuple(self.resources.values()), runs, tuple(self.problems), tuple(self.notices))

    def read(self, text: str, source: str) -> None:
        try:
            for document in _documents(text, source):
                self._take(_Item(source, document, document.data, ()))
        except ComposeError as error:
            self.problems.append(ManifestProblem(source, error.message, line=error.line))

    def _take(self, item: "_Item") -> None:
        data = item.data
        if data is None and not item.faults:
            return
        if not isinstance(data, dict):
            fix = "write fields such as apiVersion and kind"
            self.problems.append(item.problem((), f"a document is {kind_of(data)}, not a mapping", fix=fix))
        elif data.get("kind") in _LISTS and isinstance(data.get("items"), list):
            for index, element in enumerate(data["items"]):
                self._take(item.below(index, element))
        else:
            self._take_object(item)

    def _take_object(self, item: "_Item") -> None:
        kind_problem = item.kind_problem()
        if kind_problem is not None:
            self.problems.append(kind_problem)
        elif not item.is_ours:
            named = format_value(item.data["kind"])
            self.notices.append(Notice(item.source, item.line, f"kind {named} is not ours and was left alone"))
        elif item.faults:
            self.problems.extend(item.problem(path, message, line=line) for message, line, path in item.faults)
        else:
            self._take_ours(item)

    def _take_ours(self, item: "_Item") -> None:
        try:
            read = _MODELS[item.data["kind"]].model_validate(item.data)
        except ValidationError as error:
            self.problems.extend(_explained(item, error))
            return
        if isinstance(read, ScheduledTaskRun):
            self._take_run(item, ParsedRun(read, item.source, item.line))
        elif isinstance(read, ScheduledTask):
            self._take_task(item, ParsedResource(read, item.source, item.line, item.data))

    def _take_task(self, item: "_Item", resource: ParsedResource) -> None:
        first = self.resources.setdefault(resource.task.key, resource)
        if first is not resource:
            self._defined_twice(item, resource.task.key, first)

    def _take_run(self, item: "_Item", parsed: ParsedRun) -> None:
        """Those whose names the API server makes up are as many as there are."""
        metadata = parsed.run.metadata
        key = TaskKey(metadata.namespace, metadata.name)
        if "name" not in item.data["metadata"]:
            self.generated.append(parsed)
        elif (first := self.runs.setdefault(key, parsed)) is not parsed:
            self._defined_twice(item, key, first)

    def _defined_twice(self, item: "_Item", key: TaskKey, first: ParsedResource | ParsedRun) -> None:
        message = f"{key} is already defined at {first.source}:{first.line}"
        fix = "remove one of the two, or give it another name"
        self.problems.append(item.problem(("metadata", "name"), message, fix=fix))


def _documents(text: str, source: str) -> Iterator[Document]:
    """JSON where the name or the text says so; text that only begins like JSON is YAML."""
    if source.endswith(".json"):
        return json_documents(text)
    if text.lstrip()[:1] not in ("{", "["):
        return yaml_documents(text)
    try:
        return iter(list(json_documents(text)))
    except NotJsonError:
        return yaml_documents(text)


@dataclass(frozen=True, slots=True)
class _Item:
    """One object, in a document or in a List of it; `prefix` is its path there."""

    source: str
    document: Document
    data: Any
    prefix: FieldPath

    def below(self, index: int, element: Any) -> "_Item":
        return _Item(self.source, self.document, element, (*self.prefix, "items", index))

    @property
    def line(self) -> int:
        return self.document.place(self.prefix).line

    @property
    def faults(self) -> list[tuple[str, int, FieldPath]]:
        """Of this object; those of the List around it count for each of its items."""
        length = len(self.prefix)
        return [
            (fault.message, fault.line, fault.path[length:])
            for fault in self.document.faults
            if fault.path[:length] == self.prefix[: len(fault.path)]
        ]

    @property
    def is_ours(self) -> bool:
        return str(self.data.get("apiVersion")).partition("/")[0] == GROUP or self.data.get("kind") in _MODELS

    @property
    def subject(self) -> str | None:
        metadata = self.data.get("metadata") if isinstance(self.data, dict) else None
        if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
            return None
        return f"{metadata.get('namespace') or 'default'}/{metadata['name']}"

    def kind_problem(self) -> ManifestProblem | None:
        """What is wrong with apiVersion and kind; None for ours, and for those of others."""
        version, kind = self.data.get("apiVersion"), self.data.get("kind")
        for name, value, wanted in (("apiVersion", version, API_VERSION), ("kind", kind, KIND)):
            if not isinstance(value, str):
                return self.problem((name,), "is missing" if value is None else "is not text", fix=f"write {wanted}")
        if kind in _MODELS and version != API_VERSION:
            return self.problem(("apiVersion",), f"is not the one of {kind}", fix=f"write {API_VERSION}", show=True)
        meant = _resembling(str(kind))
        if kind not in _MODELS and (self.is_ours or meant):
            fix = f"write {meant or ' or '.join(_MODELS)}"
            return self.problem(("kind",), f"is not a kind of {GROUP}", fix=fix, show=True)
        return None

    def problem(
        self, path: FieldPath, message: str, *, fix: str = "", line: int | None = None, show: bool = False
    ) -> ManifestProblem:
        place = self.document.place((*self.prefix, *path))
        value = format_value(place.written) if show and place.written is not None else None
        at = place.line if line is None else line
        return ManifestProblem(self.source, message, at, self.document.index, path, value, fix, self.subject)


def _resembling(kind: str) -> str | None:
    """The kind of ours that was probably meant."""
    folded = {name.lower(): name for name in _MODELS}
    near = difflib.get_close_matches(kind.lower(), folded, 1, 0.85)
    return folded[near[0]] if near else None


def _explained(item: _Item, error: ValidationError) -> list[ManifestProblem]:
    """In the order of the text."""
    problems = [_explained_one(item, details) for details in error.errors(include_url=False)]
    return sorted(problems, key=lambda problem: problem.line or 0)


def _explained_one(item: _Item, details: ErrorDetails) -> ManifestProblem:
    written = item.document.place((*item.prefix, *details["loc"])).written
    path, value, message, fix = explain(details, written, _MODELS[item.data["kind"]])
    line = item.document.place((*item.prefix, *path)).line
    return ManifestProblem(item.source, message, line, item.document.index, path, value, fix, item.subject)
