"""Runs are cancelled and tasks deleted: what is queued ends at once, what runs ends or finishes, keys go."""

import signal
from pathlib import Path

import pytest
import redis
from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.scheduler.rig import Rig, heavy_job, light_job
from tests.integration.worker.heavy_engine import Worker
from tests.redis_server import RealServer

from scheduledtask_workloads.contract import Job, RunState
from scheduledtask_workloads.contract.keys import NamespaceKeys
from scheduledtask_workloads.contract.messages import (
    CancelRun,
    ControlHello,
    JobPut,
    JobRemoved,
    JobsComplete,
    PoolDepth,
    PoolWorkersSeen,
    RequestRun,
)


def ask(*jobs: Job) -> list[RequestRun]:
    return [RequestRun(namespace=job.namespace, name=job.name, run_id="run") for job in jobs]


def last_state(control: ControlPlane, name: str) -> RunState | None:
    records = control.records(name)
    return records[-1].state if records else None


def waits(control: ControlPlane, name: str) -> bool:
    """Its run is in flight and no host has begun it; a run that is told anew may have been sent meanwhile."""
    return last_state(control, name) in {RunState.ADMITTED, RunState.DISPATCHED}


def ready(control: ControlPlane) -> int | None:
    depths = control.of(PoolDepth)
    return depths[-1].ready if depths else None


def names(url: str) -> set[str]:
    """The tasks that the ledger knows."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return set(client.hkeys(NamespaceKeys("team").tasks))


@pytest.mark.parametrize("how", ["cancelled", "deleted"])
def test_a_queued_heavy_run_ends_at_once_without_a_worker(rig: Rig, how: str) -> None:
    control = rig.start_scheduler()
    job, other = heavy_job("big", every=None), heavy_job("other", every=None)
    control.hand_over([job, other])
    control.say(*ask(job, other))
    control.await_true(lambda: ready(control) == 2)

    if how == "cancelled":
        control.say(CancelRun(namespace="team", name="big", run_id="run"))
    else:
        control.say(JobRemoved(namespace="team", name="big"))

    control.await_true(lambda: last_state(control, "big") is RunState.CANCELLED)
    control.await_true(lambda: ready(control) == 1)
    assert waits(control, "other")


def test_workers_are_told_with_the_depths_and_a_running_body_ends_when_it_is_cancelled(
    rig: Rig, redis_server: RealServer, tmp_path: Path
) -> None:
    control = rig.start_scheduler()
    job, doomed = heavy_job("endless", "hangs", every=None), heavy_job("last", "sleeps", every=None)
    doomed = doomed.model_copy(update={"arguments": {"seconds": 3.0}})
    control.hand_over([job, doomed])
    worker = Worker(redis_server.url, tmp_path / "worker.log", "pod-0", {"namespace": "team", "pool": "big"})
    try:
        control.say(*ask(job))
        control.await_true(lambda: last_state(control, "endless") is RunState.STARTED)
        control.await_true(lambda: [(seen.host, seen.runs) for seen in told(control)] == [("pod-0", 1)])
        control.say(CancelRun(namespace="team", name="endless", run_id="run"))
        control.await_true(lambda: last_state(control, "endless") is RunState.CANCELLED)

        control.say(*ask(doomed))
        control.await_true(lambda: last_state(control, "last") is RunState.STARTED)
        control.say(JobRemoved(namespace="team", name="last"))
        control.await_true(lambda: last_state(control, "last") is RunState.SUCCEEDED)
        rig.await_true(lambda: "last" not in names(redis_server.url), "its keys go with its last run")
    finally:
        worker.process.send_signal(signal.SIGTERM)
        worker.await_exit()


def told(control: ControlPlane) -> tuple[object, ...]:
    seen = control.of(PoolWorkersSeen)
    return (seen[-1].workers if seen else None) or ()


def test_what_was_deleted_while_no_scheduler_ran_is_forgotten_by_the_leader_alone(rig: Rig, redis_url: str) -> None:
    control = rig.start_scheduler()
    stays, idle = light_job("stays", every=None), light_job("idle", every=None)
    queued = heavy_job("queued", every=None)
    control.hand_over([stays, idle, queued])
    control.say(*ask(stays, idle, queued))
    control.await_true(lambda: waits(control, "queued"))
    control.await_true(lambda: ready(control) == 1)
    rig.kill_scheduler()

    control = rig.start_scheduler()
    control.say(ControlHello(), JobPut(job=stays), JobsComplete())
    control.await_true(lambda: control.status().jobs == 1)
    control.await_true(lambda: waits(control, "stays"))
    assert names(redis_url) == {"stays", "idle", "queued"}, "it does not lead"

    control.grant(fence=2)

    control.await_true(lambda: last_state(control, "queued") is RunState.CANCELLED)
    rig.await_true(lambda: names(redis_url) == {"stays"}, "the others are forgotten")


def test_a_task_that_was_made_again_under_another_leader_keeps_its_runs(rig: Rig, redis_url: str) -> None:
    """A standby heard of the deletion, and leads only after the task is there again."""
    control = rig.start_scheduler()
    job = heavy_job("again", every=None)
    control.say(ControlHello(), JobPut(job=job), JobsComplete(), JobRemoved(namespace="team", name="again"))
    control.say(JobPut(job=job))
    with redis.Redis.from_url(redis_url) as client:
        client.hset(NamespaceKeys("team").tasks, "again", "1234 ")
        client.sadd("scheduledtask:namespaces", "team")

    control.grant()
    control.say(*ask(job))

    control.await_true(lambda: waits(control, "again"))
    with redis.Redis.from_url(redis_url) as client:
        assert client.hget(NamespaceKeys("team").tasks, "again") == b"1234 run "
