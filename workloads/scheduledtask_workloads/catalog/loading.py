"""The catalog of this process: every door opened, what is broken set aside with one line."""

import difflib
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from scheduledtask_workloads.catalog.doors import (
    Door,
    installed_doors,
    project_doors,
    project_folder,
    put_on_path,
)
from scheduledtask_workloads.catalog.errors import CatalogError, ProjectError, UnknownTaskError
from scheduledtask_workloads.catalog.task import Task, attached_task
from scheduledtask_workloads.contract.catalog_document import ArgumentProblem, CatalogDocument, CatalogProblem


@dataclass(frozen=True, slots=True)
class Catalog:
    """Tasks by name, with the source of each, and what could not be loaded."""

    tasks: dict[str, Task]
    sources: dict[str, str]
    problems: tuple[CatalogProblem, ...] = ()

    @property
    def document(self) -> CatalogDocument:
        entries = (self.tasks[name].entry(self.sources[name]) for name in sorted(self.tasks))
        return CatalogDocument(tasks=tuple(entries), problems=self.problems)

    def find(self, name: str) -> Task | None:
        return self.tasks.get(name)

    def get(self, name: str) -> Task:
        """Raises UnknownTaskError, which names what comes close and what could not be loaded."""
        if name in self.tasks:
            return self.tasks[name]
        raise UnknownTaskError(self._unknown(name))

    def validate(self, name: str, arguments: dict[str, Any]) -> list[ArgumentProblem]:
        """What is wrong with asking for this task with these arguments; none when nothing is."""
        found = self.tasks.get(name)
        if found is None:
            return [ArgumentProblem(field="task", value=name, message=self._unknown(name))]
        return found.validate_arguments(arguments)

    def _unknown(self, name: str) -> str:
        close = difflib.get_close_matches(name, self.tasks, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"the catalog has {', '.join(sorted(self.tasks)) or 'none'}"
        broken = "".join(f"; not loaded: {problem.source}: {problem.message}" for problem in self.problems)
        return f"unknown task {name!r}; {hint}{broken}"


@dataclass(slots=True)
class _Loader:
    tasks: dict[str, Task] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[CatalogProblem] = field(default_factory=list)

    def open(self, door: Door) -> None:
        try:
            found = _tasks_behind(door)
        except CatalogError as error:
            self.report(door.source, str(error))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  a stranger's module may do anything while it is imported
            self.report(door.source, f"importing {door.entry_point.value} failed: {_one_line(error)}")
        else:
            for task in found:
                self.add(task, door.source)

    def add(self, task: Task, source: str) -> None:
        standing = self.tasks.setdefault(task.name, task)
        if standing is task:
            self.sources.setdefault(task.name, source)
            return
        other = self.sources[task.name]
        self.report(source, f"task {task.name!r} is also in {other}, which is the one used; rename one of them")

    def report(self, source: str, message: str) -> None:
        self.problems.append(CatalogProblem(source=source, message=message))


def load_catalog() -> Catalog:
    """Import the task code of every entry point. Never raises for what is wrong with one; see `Catalog.problems`."""
    loader = _Loader()
    project = _project_doors(loader)
    identities = {door.identity for door in project}
    for door in [*(door for door in installed_doors() if door.identity not in identities), *project]:
        loader.open(door)
    return Catalog(loader.tasks, loader.sources, tuple(loader.problems))


def _project_doors(loader: _Loader) -> list[Door]:
    folder = project_folder()
    if folder is None:
        return []
    try:
        doors = project_doors(folder)
    except ProjectError as error:
        loader.report(str(folder), str(error))
        return []
    put_on_path(folder)
    return doors


def _tasks_behind(door: Door) -> list[Task]:
    loaded = door.entry_point.load()
    candidates = list(vars(loaded).values()) if isinstance(loaded, ModuleType) else [loaded]
    found = {task.name: task for task in map(attached_task, candidates) if task is not None}
    if not found:
        raise CatalogError(f"{door.entry_point.value} has no @task function")
    return list(found.values())


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _ours(frame.filename)]
    named = isinstance(error, SyntaxError) or not frames  # a SyntaxError's text has file and line itself
    place = "" if named else f" ({frames[-1].filename}:{frames[-1].lineno})"
    return f"{type(error).__name__}: {text}{place}"


def _ours(filename: str) -> bool:
    return filename.startswith("<frozen") or "importlib" in filename or str(Path(__file__).parent) in filename
