"""Workers of the rig's pool, as a namespace's own Redis user, and what they and the runners do side by side."""

from hashlib import sha256
from pathlib import Path

from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.scheduler.rig import Rig, heavy_job, light_job
from tests.integration.worker.heavy_engine import Worker

from scheduledtask_workloads.contract import RunState
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


def see_light_and_heavy_runs(rig: Rig, endpoint: RedisEndpoint, folder: Path) -> None:
    """Each comes to its end and is told, none twice; the worker leaves when it is asked to. `endpoint` is Redis' own.

    The environment's SCHEDULEDTASK_BODY_JOURNAL is the rig's.
    """
    control = rig.start()
    control.hand_over([light_job("pulse"), heavy_job("model", every="*/2 * * * * *")])
    let_in(control)
    worker = start_worker(endpoint, folder / "worker.log")
    try:
        for name in ("pulse", "model"):
            rig.await_true(lambda name=name: len(rig.completed(name)) >= 2, f"{name} runs\n{worker.log}", 40)
            control.await_true(
                lambda name=name: [one for one in control.records(name) if one.state is RunState.SUCCEEDED]
            )
        worker.terminate()
        assert worker.await_exit() == 0
    finally:
        worker.kill()
    assert not rig.doubled("pulse")
    assert not rig.doubled("model")
    assert control.status().redis_problem == ""
