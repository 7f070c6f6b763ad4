"""The task `notification`."""

from typing import TYPE_CHECKING

from scheduledtask_workloads.catalog import Profile, RunContext, task
from scheduledtask_workloads.tasks.notification.settings import Settings

if TYPE_CHECKING:
    from scheduledtask_workloads.tasks.notification.sending import NotificationResult


@task(
    "notification",
    profile=Profile(duration="10m", memory="200M", concurrency=20, requires=["ExternalService", "ErrorHandling"]),
)
async def notification(context: RunContext, settings: Settings) -> "NotificationResult":
    """Tell targets by mail, chat, SMS or webhook; a retry of the run leaves out those that acknowledged."""
    from scheduledtask_workloads.tasks.notification.sending import notify

    return await notify(settings, context)
