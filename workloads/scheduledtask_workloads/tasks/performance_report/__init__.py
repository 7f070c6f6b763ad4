"""A trained model judged on fresh data: how good it still is, and how far the data have moved from the training's."""

from scheduledtask_workloads.tasks.performance_report.task import performance_report

__all__ = ["performance_report"]
