"""Many jobs of one run: commands, HTTP calls, functions of the catalog; in parallel, retried, each with its result."""

from scheduledtask_workloads.tasks.generic_processor.task import generic_processor

__all__ = ["generic_processor"]
