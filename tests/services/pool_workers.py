"""Workers of the rig's pool, as a namespace's own Redis user."""

from hashlib import sha256
from pathlib import Path

from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.worker.heavy_engine import Worker

from scheduledtask_workloads.contract.messages import NamespaceUser, NamespaceUserReady
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint

NAMESPACE, POOL = "team", "big"  # the rig's
USER, PASSWORD = f"stask:{NAMESPACE}", "a password / of its own"


def let_in(control: ControlPlane) -> None:
    """The namespace gets its user; returns when Redis knows it."""
    digest = sha256(PASSWORD.encode()).hexdigest()
    control.say(NamespaceUser(namespace=NAMESPACE, user=USER, password_sha256=digest))
    control.await_true(lambda: control.of(NamespaceUserReady))
    assert not control.of(NamespaceUserReady)[-1].problem


def start_worker(endpoint: RedisEndpoint, log: Path, host: str = "pod-0", concurrency: int = 2) -> Worker:
    """Short terms, so that what a dead worker held is back within seconds."""
    options = {
        "namespace": NAMESPACE,
        "pool": POOL,
        "concurrency": concurrency,
        "lease_seconds": 3,
        "visibility_timeout_seconds": 4,
    }
    return Worker(endpoint.log_in_as(USER, PASSWORD).url, log, host, options)
