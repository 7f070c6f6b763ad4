"""Is this machine well: processor, memory, disk and load against limits."""

from scheduledtask_workloads.tasks.system_health.task import system_health

__all__ = ["system_health"]
