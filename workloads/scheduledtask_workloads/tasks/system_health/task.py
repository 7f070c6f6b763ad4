"""The task `system-health`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psutil
from pydantic import Field

from scheduledtask_workloads.catalog import Profile, RunContext, task
from scheduledtask_workloads.tasks.system_health.checks import Check, Health, check, judge
from scheduledtask_workloads.tasks.system_health.history import append

Percent = Annotated[float, Field(ge=0, le=100)]


@task("system-health", light=True, profile=Profile(duration="5s", memory="50M", concurrency=1))
def system_health(
    context: RunContext,
    cpu_percent: Annotated[Percent, Field(description="Highest use of all processors together.")] = 90.0,
    memory_percent: Annotated[Percent, Field(description="Highest use of memory.")] = 90.0,
    disk_percent: Annotated[Percent, Field(description="Highest use of each disk in disk_paths.")] = 90.0,
    load_per_cpu: Annotated[float, Field(gt=0, description="Highest 5-minute load for each processor.")] = 2.0,
    disk_paths: Annotated[list[str], Field(description="A folder on each disk to look at.")] = ["/"],  # noqa: B006
    sample_seconds: Annotated[float, Field(gt=0, le=3, description="How long the processors are observed.")] = 0.2,
    history: Annotated[str | None, Field(description="SQLite file whose table system_health gets a row a run.")] = None,
) -> Health:
    """Check processor, memory, disks and load of this machine against limits."""
    health = judge(
        (
            *_of_processors(cpu_percent, load_per_cpu, sample_seconds),
            _of_memory(memory_percent),
            *(_of_disk(path, disk_percent) for path in disk_paths),
        )
    )
    for each in health.failing:
        context.logger.warning("%s is %s %s, above %s", each.name, each.value, each.unit, each.limit)
    context.logger.info("status %s", health.status)
    if history is not None:
        append(Path(history), health, at=datetime.now(UTC))
    return health


def _of_processors(cpu_percent: float, load_per_cpu: float, sample_seconds: float) -> tuple[Check, Check]:
    load = psutil.getloadavg()[1] / (psutil.cpu_count() or 1)
    return (
        check("cpu", psutil.cpu_percent(interval=sample_seconds), cpu_percent, "percent"),
        check("load", load, load_per_cpu, "per processor"),
    )


def _of_memory(limit_percent: float) -> Check:
    return check("memory", psutil.virtual_memory().percent, limit_percent, "percent")


def _of_disk(path: str, limit_percent: float) -> Check:
    return check(f"disk {path}", psutil.disk_usage(path).percent, limit_percent, "percent")
