"""Do the services that others run answer, and as they should: probes of many endpoints, a few at once."""

from scheduledtask_workloads.tasks.provider_health.task import provider_health

__all__ = ["provider_health"]
