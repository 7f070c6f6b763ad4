"""The manifests of some paths as resources: of each, the last good version."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from scheduledtask_operator.api import (
    KIND,
    RUN_KIND,
    ManifestProblem,
    ParsedResource,
    ParsedRun,
    ParseResult,
    parse_paths,
)
from scheduledtask_operator.control.ports import Resource
from scheduledtask_workloads.contract import TaskKey


class Manifests:
    """`read` then `adopt`; nothing changes in between."""

    def __init__(self, paths: Sequence[Path], *, recursive: bool) -> None:
        self._paths = paths
        self._recursive = recursive
        self._held: dict[TaskKey, tuple[ParsedResource, str]] = {}
        self.problems: tuple[ManifestProblem, ...] = ()
        self._runs: tuple[ParsedRun, ...] = ()

    def read(self) -> ParseResult:
        """From the disk; may take seconds for thousands of files."""
        return _with_something_to_run(parse_paths(self._paths, recursive=self._recursive))

    def adopt(self, result: ParseResult) -> set[TaskKey]:
        """The keys that changed. What turned bad keeps its last good version, what is gone is gone."""
        before = self._held
        good = {resource.task.key: (resource, "") for resource in result.resources}
        kept = {
            key: (resource, problem)
            for key, (resource, _) in before.items()
            if key not in good and (problem := _problem_of(key, resource, result.problems))
        }
        self._held = {**kept, **good}
        self.problems, self._runs = result.problems, result.runs
        return {key for key in {*before, *self._held} if before.get(key) != self._held.get(key)}

    @property
    def runs(self) -> tuple[ParsedRun, ...]:
        """The runs that the manifests ask for, of what is here."""
        return tuple(parsed for parsed in self._runs if parsed.run.task in self._held)

    def keys(self) -> Collection[TaskKey]:
        return list(self._held)

    def get(self, key: TaskKey) -> Resource | None:
        held = self._held.get(key)
        return Resource(held[0].task, held[1]) if held else None


def _with_something_to_run(result: ParseResult) -> ParseResult:
    """A run is one of a ScheduledTask, and here there are none but those of the manifests."""
    if not result.runs or result.resources or result.problems:
        return result
    first = result.runs[0]
    fix = f"add the {KIND} that is to run, or try its task with scheduledtask run TASK"
    problem = ManifestProblem(first.source, f"holds no {KIND}, only a {RUN_KIND}", line=first.line, fix=fix)
    return replace(result, problems=(problem,))


def _problem_of(key: TaskKey, resource: ParsedResource, problems: Sequence[ManifestProblem]) -> str:
    """Why the newest version of `resource` is not good; empty when nothing says so, and it is gone."""
    for problem in problems:
        if problem.subject == str(key) or (problem.subject is None and problem.source == resource.source):
            return str(problem)
    return ""
