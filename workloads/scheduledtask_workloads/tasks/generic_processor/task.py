"""The task `generic-processor`."""

from typing import TYPE_CHECKING

from scheduledtask_workloads.catalog import Profile, RunContext, task
from scheduledtask_workloads.tasks.generic_processor.settings import Settings

if TYPE_CHECKING:
    from scheduledtask_workloads.tasks.generic_processor.processing import ProcessorResult


@task(
    "generic-processor",
    profile=Profile(duration="30m", memory="1G", concurrency=50, requires=["ErrorHandling", "ResultTracking"]),
)
async def generic_processor(context: RunContext, settings: Settings) -> "ProcessorResult":
    """Do a list of commands, HTTP calls and catalog functions in parallel, with priorities, retries and results."""
    from scheduledtask_workloads.tasks.generic_processor.processing import process

    return await process(settings, context)
