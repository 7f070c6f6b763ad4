"""Rows that are too old leave their table, in batches that hold no lock for long."""

from scheduledtask_workloads.tasks.database_cleanup.task import database_cleanup

__all__ = ["database_cleanup"]
