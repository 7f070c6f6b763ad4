"""The built-in tasks, one room each. What is large to import is imported when a body runs, not with the catalog."""

from scheduledtask_workloads.tasks.data_processing import data_processing
from scheduledtask_workloads.tasks.database_cleanup import database_cleanup
from scheduledtask_workloads.tasks.generic_processor import generic_processor
from scheduledtask_workloads.tasks.model_training import model_training
from scheduledtask_workloads.tasks.notification import notification
from scheduledtask_workloads.tasks.performance_report import performance_report
from scheduledtask_workloads.tasks.provider_health import provider_health
from scheduledtask_workloads.tasks.system_health import system_health

__all__ = [
    "data_processing",
    "database_cleanup",
    "generic_processor",
    "model_training",
    "notification",
    "performance_report",
    "provider_health",
    "system_health",
]
