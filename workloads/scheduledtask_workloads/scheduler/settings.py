"""What the scheduler program is told at its start."""

from dataclasses import dataclass
from pathlib import Path

from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint


@dataclass(frozen=True, slots=True)
class Settings:
    control_socket: Path
    """Where the control plane finds us (socket A)."""
    runners_socket: Path
    """Where we find the runners (socket B)."""
    redis: RedisEndpoint
    lease_seconds: float = 15.0
    """2 to 600: how long an attempt counts as alive after its last heartbeat; three are sent within it."""
    slice_size: int = 1000
    """1 to 5000: attempts admitted in one script call; more of them hold the server longer at a time."""
    redis_timeout_seconds: float = 0.2
    """0.05 to 5: what a slot waits for Redis before light work goes on without it."""
    metrics_port: int | None = None
    """Of /metrics; 0 is any that is free, None serves none."""
    heartbeat_file: Path | None = None
    """Touched each second by the main loop; its age tells a supervisor that the scheduler hangs."""
