"""Orders and catalogs for tests that perform task code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from scheduledtask_workloads.catalog import Catalog
from scheduledtask_workloads.catalog.task import attached_task
from scheduledtask_workloads.contract import AttemptRef, RunOrder, TaskClass

MISBEHAVING_PROJECT = Path(__file__).parent / "projects" / "misbehaving"


def order_for(task: str, arguments: dict[str, Any] | None = None, **fields: Any) -> RunOrder:
    ref = AttemptRef(namespace="test", name="subject", run_id="subject-1", attempt=fields.pop("attempt", 1), fence=1)
    return RunOrder(ref=ref, task_class=TaskClass.LIGHT, task=task, arguments=arguments or {}, **fields)


def catalog_of(*functions: Callable[..., Any]) -> Catalog:
    """As if a module with these `@task` functions had been loaded."""
    tasks = [found for found in map(attached_task, functions) if found is not None]
    return Catalog({task.name: task for task in tasks}, {task.name: "this test" for task in tasks})
