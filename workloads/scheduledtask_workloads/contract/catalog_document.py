"""What an image or an environment offers to run: names, schemas, profiles. Read without importing task code."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from scheduledtask_workloads.contract.model import CONTRACT_VERSION, Message


class Requirement(StrEnum):
    """What a task needs beyond running: any of these makes it heavy."""

    RESULT_TRACKING = "ResultTracking"
    ERROR_HANDLING = "ErrorHandling"
    EXTERNAL_SERVICE = "ExternalService"
    COMPLEX_DEPENDENCIES = "ComplexDependencies"
    CRITICAL_TIMING = "CriticalTiming"


class TaskProfile(Message):
    """What a task's author declares of it; None is not declared."""

    duration_seconds: float | None = None
    memory_bytes: int | None = None
    concurrency: int | None = None
    requires: tuple[Requirement, ...] = ()


class CatalogEntry(Message):
    """One task."""

    name: str
    summary: str = ""
    light: bool = False  # its author declares it fit for the light engine
    coroutine: bool = False
    profile: TaskProfile = TaskProfile()
    arguments_schema: dict[str, Any] = Field(default_factory=dict)  # JSON schema of an object
    source: str = ""  # the entry point it came through


class CatalogProblem(Message):
    """An entry point that could not be loaded; the rest of the catalog stands."""

    source: str
    message: str


class CatalogDocument(Message):
    version: int = CONTRACT_VERSION
    tasks: tuple[CatalogEntry, ...] = ()
    problems: tuple[CatalogProblem, ...] = ()

    def find(self, name: str) -> CatalogEntry | None:
        return next((entry for entry in self.tasks if entry.name == name), None)


class ArgumentsQuestion(Message):
    """Would this task take these arguments? Asked of a child process that has the task code."""

    task: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class ArgumentProblem(Message):
    """One thing that is wrong. `field` is `task`, or a path such as `arguments.thresholds.cpu`."""

    field: str
    value: Any = None  # None for what is missing
    message: str

    def __str__(self) -> str:
        shown = "" if self.value is None or self.field == "task" else f" {self.value!r}:"
        return f"{self.field}:{shown} {self.message}"


class ArgumentsAnswer(Message):
    """Nothing is wrong when `problems` is empty."""

    task: str = ""
    problems: tuple[ArgumentProblem, ...] = ()
