"""What a worker is told when it is started."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from scheduledtask_workloads.broker import DEFAULT_VISIBILITY_TIMEOUT_SECONDS
from scheduledtask_workloads.contract.environment import HOST_VARIABLE
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint
from scheduledtask_workloads.worker.errors import WorkerSettingError

DEFAULT_LEASE_SECONDS = 15.0
MINIMUM_SECONDS = 1.0  # of lease and visibility timeout: each is refreshed every third of it


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """One worker of one pool. Raises WorkerSettingError for a value that cannot work."""

    namespace: str
    pool: str
    redis: RedisEndpoint
    concurrency: int = 1
    """Bodies at once, each in a process of its own."""
    heartbeat_file: Path | None = None
    """Touched each second by the main loop; its age tells a supervisor that the worker hangs."""
    lease_seconds: float = DEFAULT_LEASE_SECONDS
    """How long after this worker's death the ledger takes its attempts for lost."""
    visibility_timeout_seconds: float = DEFAULT_VISIBILITY_TIMEOUT_SECONDS
    """How long after this worker's death its messages are in the queue again."""

    def __post_init__(self) -> None:
        _at_least("concurrency", self.concurrency, 1)
        _at_least("lease_seconds", self.lease_seconds, MINIMUM_SECONDS)
        _at_least("visibility_timeout_seconds", self.visibility_timeout_seconds, MINIMUM_SECONDS)

    @property
    def host(self) -> str:
        """Who holds the leases: a restarted worker is another host."""
        return f"{self.name}:{os.getpid()}"

    @property
    def name(self) -> str:
        """What the leader knows this worker by: its pod's name."""
        return os.environ.get(HOST_VARIABLE) or socket.gethostname()


def _at_least(name: str, value: float, minimum: float) -> None:
    if value < minimum:
        raise WorkerSettingError(f"{name}: {value:g} is too small; give at least {minimum:g}")
