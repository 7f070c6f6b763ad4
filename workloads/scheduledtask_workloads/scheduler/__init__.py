"""The sidecar program: finds the slots, has them admitted, hands light runs to the runners and heavy ones to Celery."""

from scheduledtask_workloads.scheduler.errors import PortInUseError, SchedulerError, SocketInUseError
from scheduledtask_workloads.scheduler.program import Scheduler, run_scheduler
from scheduledtask_workloads.scheduler.settings import Settings

__all__ = ["PortInUseError", "Scheduler", "SchedulerError", "Settings", "SocketInUseError", "run_scheduler"]
