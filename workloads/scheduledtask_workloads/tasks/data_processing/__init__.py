"""Files and tables go through steps in SQL and checks to where they belong; what is published is whole."""

from scheduledtask_workloads.tasks.data_processing.task import data_processing

__all__ = ["data_processing"]
