"""Tasks by name: how one is written, what it is called with, where its code comes from, what it knows of its run."""

from scheduledtask_workloads.catalog.arguments import Duration
from scheduledtask_workloads.catalog.context import Cancellation, RunContext
from scheduledtask_workloads.catalog.errors import (
    ArtifactsUnavailableError,
    BadArgumentsError,
    CatalogError,
    ProjectError,
    TaskDefinitionError,
    TaskFailedError,
    UnknownTaskError,
)
from scheduledtask_workloads.catalog.loading import Catalog, load_catalog
from scheduledtask_workloads.catalog.task import Profile, Task, task

__all__ = [
    "ArtifactsUnavailableError",
    "BadArgumentsError",
    "Cancellation",
    "Catalog",
    "CatalogError",
    "Duration",
    "Profile",
    "ProjectError",
    "RunContext",
    "Task",
    "TaskDefinitionError",
    "TaskFailedError",
    "UnknownTaskError",
    "load_catalog",
    "task",
]
