"""What can be wrong with the catalog or with what is asked of it.

CatalogError
├── ProjectError                the project's pyproject.toml cannot be read
├── TaskDefinitionError         a function that cannot be a task
├── UnknownTaskError            no task of that name
├── BadArgumentsError           arguments that do not fit the task's schema
└── ArtifactsUnavailableError   a run without a folder that it could write to

TaskFailedError   beside them: what a body raises to fail with a result
"""

from collections.abc import Sequence

from scheduledtask_workloads.contract.catalog_document import ArgumentProblem


class CatalogError(Exception):
    """The base; its text is one line for a person."""


class ProjectError(CatalogError):
    """The text names the file and the place in it."""


class TaskDefinitionError(CatalogError):
    """Raised while a module with `@task` is imported; names the task, the parameter and the fix."""


class UnknownTaskError(CatalogError):
    """No task of that name; the text says which ones come close."""


class BadArgumentsError(CatalogError):
    """Arguments that do not fit; `problems` has one entry for each."""

    def __init__(self, problems: Sequence[ArgumentProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in problems))


class ArtifactsUnavailableError(CatalogError):
    """The run has no artifacts folder, or one that this version cannot write to."""


class TaskFailedError(Exception):
    """Raised by a body: its run has failed with this message, and `result` is kept as if it had been returned."""

    def __init__(self, message: str, result: object = None) -> None:
        super().__init__(message)
        self.result = result
