"""What an installation of the operator may differ in."""

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

from scheduledtask_operator.decisions.light_allowance import BUILT_IN_ALONE, LightAllowance
from scheduledtask_operator.manifests.installation_permissions import SECRET_READER_ROLE
from scheduledtask_operator.manifests.worker_redis import WorkerRedis
from scheduledtask_workloads.contract import CatalogDocument

HTTP_PORT = 8080
LEASE_NAME = "scheduledtask-operator"


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    control_socket: Path
    """Where its own scheduler listens."""
    namespaces: tuple[str, ...] = ()
    """The only ones whose ScheduledTasks are seen; empty: all. With some, rights in those are enough."""
    http_port: int = HTTP_PORT
    """Of /healthz, /readyz and /metrics; 0 is any that is free."""
    read_api_port: int | None = None
    """On the pod's loopback: what runs printed, for those who may read it. None: nobody is answered. 0: any."""
    lease_name: str = LEASE_NAME
    """Operators that share a Lease share the work: one of them leads."""
    own_namespace: str = "default"
    """Where the Lease lies."""
    pod_name: str = field(default_factory=socket.gethostname)
    """What this one is called in the Lease and in Events."""
    worker_image: str = ""
    """Of heavy tasks that name none. Its catalog is the built-in one."""
    image_pull_policy: str = "IfNotPresent"
    worker_redis: WorkerRedis | None = None
    """Redis as workers of any namespace reach it; None: none can be given to them."""
    secret_reader_role: str = SECRET_READER_ROLE
    """The ClusterRole that a namespace binds where light tasks take arguments from its Secrets."""
    light_allowance: LightAllowance = BUILT_IN_ALONE
    """Which tasks run light, beside the built-in ones."""
    runners_catalog: CatalogDocument = field(default_factory=CatalogDocument)
    """What the runners of its pod have: their light tasks may be taken by resources that name no worker image."""
    artifacts_url: str = ""
    """Where runs of tasks that say nothing else leave their files."""


def own_namespace() -> str:
    return os.environ.get("POD_NAMESPACE") or "default"


def own_pod_name() -> str:
    return os.environ.get("POD_NAME") or socket.gethostname()
