"""Tell people and programs: mail, chat, SMS, webhooks; each target once, whatever happens in between."""

from scheduledtask_workloads.tasks.notification.task import notification

__all__ = ["notification"]
