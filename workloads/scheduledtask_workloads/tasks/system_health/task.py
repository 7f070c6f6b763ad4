"""The task `system-health`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from scheduledtask_workloads.catalog import Profile, RunContext, task
from scheduledtask_workloads.control_groups import ControlGroups
from scheduledtask_workloads.tasks.system_health import measures
from scheduledtask_workloads.tasks.system_health.checks import Check, DegradedError, Health, check, judge, unknown
from scheduledtask_workloads.tasks.system_health.clock import ClockError, skew_seconds
from scheduledtask_workloads.tasks.system_health.history import append

Percent = Annotated[float, Field(ge=0, le=100)]


class SystemHealthArguments(BaseModel):
    """What `system-health` takes: limits, and where to look."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu_percent: Percent = Field(90.0, description="Highest use of all processors together.")
    memory_percent: Percent = Field(90.0, description="Highest use of memory.")
    swap_percent: Percent = Field(80.0, description="Highest use of swap.")
    disk_percent: Percent = Field(90.0, description="Highest use of each disk in disk_paths.")
    inode_percent: Percent = Field(90.0, description="Highest use of the inodes of each.")
    load_per_cpu: float = Field(2.0, gt=0, description="Highest 5-minute load for each processor of the machine.")
    file_descriptor_percent: Percent = Field(90.0, description="Highest use of the machine's file descriptors.")
    network_error_percent: Percent = Field(5.0, description="Most packets, while it looks, that may be errors.")
    clock_source: str | None = Field(
        None, pattern=r"^(ntp|https?)://[^/@\s]+(/\S*)?$", description="Whose time: ntp://HOST, or a URL."
    )
    clock_skew_seconds: float = Field(1.0, gt=0, description="Furthest that the clock may be from clock_source.")
    disk_paths: list[str] = Field(["/"], description="A folder on each disk to look at.")
    sample_seconds: float = Field(0.2, gt=0, le=3, description="How long processors and network are observed.")
    history: str | None = Field(None, description="SQLite file whose table system_health gets a row a run.")
    fail_when_degraded: bool = Field(False, description="The run fails when a limit is passed.")


@task("system-health", light=True, profile=Profile(duration="5s", memory="50M", concurrency=1))
def system_health(context: RunContext, arguments: SystemHealthArguments) -> Health:
    """Check processor, memory, disks, load and more of this machine, or container, against limits."""
    health = judge(tuple(_checks(arguments)))
    for each in health.failing:
        context.logger.warning("%s", each)
    context.logger.info("status %s", health.status)
    if arguments.history is not None:
        append(Path(arguments.history), health, at=datetime.now(UTC))
    if health.failing and arguments.fail_when_degraded:
        raise DegradedError("; ".join(map(str, health.failing)))
    return health


def _checks(limits: SystemHealthArguments) -> Iterator[Check]:
    groups = ControlGroups.read()
    rates = measures.rates(groups, limits.sample_seconds)
    yield check("cpu", rates.cpu_percent, limits.cpu_percent, "percent")
    yield check("load", measures.load_per_cpu(), limits.load_per_cpu, "per processor")
    yield check("memory", measures.memory_percent(groups), limits.memory_percent, "percent")
    yield check("swap", measures.swap_percent(groups), limits.swap_percent, "percent")
    for path in limits.disk_paths:
        yield check(f"disk {path}", measures.disk_percent(path), limits.disk_percent, "percent")
        yield check(f"inodes {path}", measures.inode_percent(path), limits.inode_percent, "percent")
    descriptors = measures.file_descriptor_percent()
    if descriptors is not None:
        yield check("file descriptors", descriptors, limits.file_descriptor_percent, "percent")
    yield check("network errors", rates.network_error_percent, limits.network_error_percent, "percent")
    if limits.clock_source is not None:
        yield _clock(limits.clock_source, limits.clock_skew_seconds)


def _clock(source: str, limit_seconds: float) -> Check:
    try:
        return check("clock", abs(skew_seconds(source)), limit_seconds, "seconds")
    except ClockError as error:
        return unknown("clock", limit_seconds, "seconds", str(error))
