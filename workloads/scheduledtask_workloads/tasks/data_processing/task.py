"""The task `data-processing`."""

from typing import TYPE_CHECKING

from scheduledtask_workloads.catalog import Profile, RunContext, task
from scheduledtask_workloads.tasks.data_processing.settings import Settings

if TYPE_CHECKING:
    from scheduledtask_workloads.tasks.data_processing.processing import ProcessingResult


@task(
    "data-processing",
    profile=Profile(duration="60m", memory="1G", concurrency=5),
)
def data_processing(context: RunContext, settings: Settings) -> "ProcessingResult":
    """Take files or tables through steps in SQL and checks to files or a table; what is published is whole."""
    from scheduledtask_workloads.tasks.data_processing.processing import process

    return process(settings, context)
