"""What the container that this process is in may take, and takes. Imports nothing else of ours."""

from scheduledtask_workloads.control_groups.limits import ControlGroups, CpuLimit, Usage

__all__ = ["ControlGroups", "CpuLimit", "Usage"]
