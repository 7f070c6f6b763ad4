"""`@task`: a function becomes a task by name, profile and the schema of its arguments."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from scheduledtask_workloads.catalog.arguments import ArgumentsModel, arguments_model
from scheduledtask_workloads.catalog.context import RunContext
from scheduledtask_workloads.catalog.errors import TaskDefinitionError
from scheduledtask_workloads.contract.catalog_document import (
    ArgumentProblem,
    CatalogEntry,
    Requirement,
    TaskProfile,
)
from scheduledtask_workloads.contract.quantity import QuantityError, parse_duration, parse_memory

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")
_ATTRIBUTE = "__scheduledtask__"

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Profile:
    """What a task takes, as its author knows it. What is left out is not declared.

    `duration` as in `90s` or `2h`, `memory` as in `500M` or `8Gi`, `concurrency`: runs at once that it is made for,
    `requires`: names of Requirement, such as `ResultTracking`.
    """

    duration: str | None = None
    memory: str | None = None
    concurrency: int | None = None
    requires: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A callable under its name."""

    name: str
    function: Callable[..., Any]
    summary: str
    light: bool
    coroutine: bool
    profile: TaskProfile
    arguments: ArgumentsModel
    imports: tuple[str, ...] = ()  # modules that the body imports, which the light engine's processes share

    @property
    def takes_context(self) -> bool:
        return self.arguments.context_parameter is not None

    def validate_arguments(self, arguments: Mapping[str, Any]) -> list[ArgumentProblem]:
        """One problem for each argument that does not fit the schema; none when all do."""
        return self.arguments.problems(arguments)

    def keywords(self, arguments: Mapping[str, Any], context: RunContext) -> dict[str, Any]:
        """What the function is called with. Raises BadArgumentsError."""
        return self.arguments.keywords(arguments, context)

    def entry(self, source: str) -> CatalogEntry:
        """What the catalog document says of it."""
        return CatalogEntry(
            name=self.name,
            summary=self.summary,
            light=self.light,
            coroutine=self.coroutine,
            profile=self.profile,
            arguments_schema=self.arguments.schema(),
            source=source,
        )


def task(
    name: str, *, light: bool = False, profile: Profile | None = None, imports: Sequence[str] = ()
) -> Callable[[Function], Function]:
    """Offer a plain or `async` function as the task `name`; the function itself stays as it is.

    `light` declares it fit for the light engine: short, small, a skip is harmless. Arguments are the annotated
    parameters, or the fields of the one parameter that is a pydantic model. The docstring's first line is the summary.
    `imports` names modules that the body imports: the light engine imports them once, before it forks its processes, so
    that all of them share the memory, and the first run does not wait. Raises TaskDefinitionError.
    """

    def register(function: Function) -> Function:
        setattr(function, _ATTRIBUTE, _task_of(function, name, light, profile or Profile(), imports))
        return function

    return register


def attached_task(candidate: object) -> Task | None:
    """The task that `@task` made of a function; None for anything else."""
    found = getattr(candidate, "__dict__", {}).get(_ATTRIBUTE) if inspect.isfunction(candidate) else None
    return found if isinstance(found, Task) else None


def _task_of(function: Callable[..., Any], name: str, light: bool, profile: Profile, imports: Sequence[str]) -> Task:
    where = f"task {name!r} ({function.__module__}.{function.__qualname__})"
    _check(function, name, where)
    return Task(
        name=name,
        function=function,
        summary=(inspect.getdoc(function) or "").partition("\n")[0],
        light=light,
        coroutine=inspect.iscoroutinefunction(function),
        profile=_declared(profile, where),
        arguments=arguments_model(function, where),
        imports=tuple(imports),
    )


def _check(function: Callable[..., Any], name: str, where: str) -> None:
    if not _NAME.fullmatch(name):
        raise TaskDefinitionError(f"{where}: the name must be lower case letters, digits, '-', '.', '_', 63 at most")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TaskDefinitionError(f"{where}: it yields; a task returns its result")


def _declared(profile: Profile, where: str) -> TaskProfile:
    try:
        duration_seconds = None if profile.duration is None else parse_duration(profile.duration)
        memory_bytes = None if profile.memory is None else parse_memory(profile.memory)
    except QuantityError as error:
        raise TaskDefinitionError(f"{where}: profile: {error}") from error
    if profile.concurrency is not None and profile.concurrency < 1:
        raise TaskDefinitionError(f"{where}: profile.concurrency {profile.concurrency} must be 1 or more")
    return TaskProfile(
        duration_seconds=duration_seconds,
        memory_bytes=memory_bytes,
        concurrency=profile.concurrency,
        requires=_requirements(profile.requires, where),
    )


def _requirements(names: Sequence[str], where: str) -> tuple[Requirement, ...]:
    if isinstance(names, str):
        raise TaskDefinitionError(f"{where}: profile.requires {names!r} must be a list; write [{names!r}]")
    for name in names:
        if name not in list(Requirement):
            raise TaskDefinitionError(f"{where}: profile.requires {name!r} is none of {', '.join(Requirement)}")
    return tuple(Requirement(name) for name in names)
