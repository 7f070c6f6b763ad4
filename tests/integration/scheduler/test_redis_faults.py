"""Redis is restarted, emptied or hung under light slots of each second: they go on, and are written down."""

import os
import signal

from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.scheduler.rig import Rig, heavy_job, light_job
from tests.redis_server import RealServer

from scheduledtask_workloads.contract import RunState
from scheduledtask_workloads.contract.messages import PoolDepth


def assert_each_second_once(rig: Rig, control: ControlPlane, name: str) -> None:
    """But for those that a busy machine was late for, which are told: by way of Redis, and so later than bodies run."""
    slots = [event["slot"] for event in rig.bodies(name) if event["event"] == "begin"]
    first, last = min(slots), max(slots)

    def told() -> int:
        return sum(skip.count for skip in control.skipped(name) if first < skip.last_slot_epoch_seconds < last)

    control.await_true(lambda: len(slots) + told() >= last - first + 1)
    assert not rig.doubled(name)


def recorded(control: ControlPlane, name: str) -> set[str]:
    return {record.run_id for record in control.records(name) if record.state is RunState.SUCCEEDED}


def test_light_slots_go_on_while_redis_is_down_and_are_written_down(rig: Rig, redis_server: RealServer) -> None:
    control = rig.start()
    control.hand_over([light_job("pulse")])
    rig.await_true(lambda: rig.completed("pulse"), "it runs")

    redis_server.kill()
    seen = len(rig.completed("pulse"))
    rig.await_true(lambda: len(rig.completed("pulse")) >= seen + 2, "it goes on")
    redis_server.start()
    control.await_true(lambda: control.status().redis_reachable)
    seen = len(rig.completed("pulse"))
    rig.await_true(lambda: len(rig.completed("pulse")) >= seen + 2, "it goes on")

    control.await_true(lambda: set(rig.completed("pulse")) <= recorded(control, "pulse") | {rig.completed("pulse")[-1]})
    assert_each_second_once(rig, control, "pulse")


def test_light_slots_go_on_while_redis_hangs(rig: Rig, redis_server: RealServer) -> None:
    control = rig.start()
    control.hand_over([light_job("pulse")])
    rig.await_true(lambda: rig.completed("pulse"), "it runs")

    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        seen = len(rig.completed("pulse"))
        rig.await_true(lambda: len(rig.completed("pulse")) >= seen + 3, "it goes on")
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)
    seen = len(rig.completed("pulse"))
    rig.await_true(lambda: len(rig.completed("pulse")) >= seen + 2, "it goes on")

    assert_each_second_once(rig, control, "pulse")


def test_a_redis_that_comes_back_empty_is_told_what_was_decided(rig: Rig, redis_server: RealServer) -> None:
    control = rig.start()
    jobs = [light_job("pulse"), light_job("long", "sleeps", arguments={"seconds": 2.5})]
    control.hand_over(jobs)
    rig.await_true(lambda: rig.completed("pulse") and rig.begun("long"), "both run")

    redis_server.wipe()
    seen = len(rig.completed("pulse"))
    rig.await_true(lambda: len(rig.completed("pulse")) >= seen + 4, "it goes on")

    assert_each_second_once(rig, control, "pulse")
    assert not rig.doubled("long")
    first_long = rig.begun("long")[0]
    control.await_true(lambda: first_long in recorded(control, "long"))


def test_without_redis_and_grant_nothing_starts(rig: Rig, redis_server: RealServer) -> None:
    control = rig.start()
    control.hand_over([light_job("pulse")], grant_seconds=2)
    rig.await_true(lambda: rig.completed("pulse"), "it runs")

    redis_server.kill()
    control.await_true(lambda: not control.status().redis_reachable)
    told = len(control.heard)
    control.await_true(lambda: len(control.heard) > told + 3)  # some seconds: status is told each second
    begun = len(rig.begun("pulse"))
    told = len(control.heard)
    control.await_true(lambda: len(control.heard) > told + 2)

    assert len(rig.begun("pulse")) == begun


def test_heavy_slots_wait_for_redis_and_are_caught_up(rig: Rig, redis_server: RealServer) -> None:
    control = rig.start()
    control.hand_over([light_job("pulse"), heavy_job("training", every="*/2 * * * * *")])
    control.await_true(lambda: any((depth.ready or 0) > 0 for depth in control.of(PoolDepth)))

    redis_server.kill()
    control.await_true(lambda: control.of(PoolDepth)[-1].ready is None)
    redis_server.start()

    control.await_true(lambda: (control.of(PoolDepth)[-1].ready or 0) > 0)
