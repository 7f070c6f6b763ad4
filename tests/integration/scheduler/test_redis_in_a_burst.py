"""Redis hangs or stutters while a slot of many tasks is admitted: each runs once, and is written down."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.scheduler.rig import Rig, light_job
from tests.redis_server import RealServer

from scheduledtask_workloads.contract import Job, RunState
from scheduledtask_workloads.contract.messages import RunChanged

TASKS = 200
LEAD_SECONDS = 3  # from handing over the jobs to their slot


def make_burst(*options: str, rig: Rig) -> tuple[ControlPlane, list[str]]:
    """All at one slot, in slices of one or two, so that what happens to Redis happens between them."""
    rig.start_runners()
    control = rig.start_scheduler(*options)
    control.await_true(lambda: control.status().runners_connected)
    slot = int(time.time()) + LEAD_SECONDS
    jobs = [burst_job(f"pulse-{number}", slot) for number in range(TASKS)]
    control.hand_over(jobs, grant_seconds=120)
    return control, [job.name for job in jobs]


def burst_job(name: str, slot: int) -> Job:
    return light_job(name, every=f"@at {datetime.fromtimestamp(slot, UTC):%Y-%m-%dT%H:%M:%SZ}")


@contextmanager
def stuttering(server: RealServer) -> Iterator[None]:
    """The server runs a third of the time."""
    done = threading.Event()

    def stutter() -> None:
        while not done.is_set():
            os.kill(server.pid, signal.SIGSTOP)
            done.wait(0.08)
            os.kill(server.pid, signal.SIGCONT)
            done.wait(0.04)

    thread = threading.Thread(target=stutter)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def assert_each_ran_once_and_is_recorded(rig: Rig, control: ControlPlane, names: list[str]) -> None:
    def recorded() -> set[str]:
        records = [message.record for message in control.of(RunChanged)]
        return {record.name for record in records if record.state is RunState.SUCCEEDED}

    control.await_true(lambda: recorded() == set(names), 60)
    assert [name for name in names if len(rig.begun(name)) != 1] == []


def test_the_rest_of_a_burst_goes_on_while_redis_hangs_and_is_written_down(rig: Rig, redis_server: RealServer) -> None:
    control, names = make_burst("--slice-size", "1", rig=rig)
    rig.await_true(lambda: '"admitted"' in rig.log, "the first slice")

    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        rig.await_true(lambda: rig.journal.exists() and rig.journal.read_text().count('"end"') == TASKS, "all ran", 60)
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)

    assert_each_ran_once_and_is_recorded(rig, control, names)


def test_a_burst_is_written_down_while_its_runs_still_wait(rig: Rig, redis_server: RealServer) -> None:
    control, names = make_burst("--slice-size", "2", rig=rig)
    rig.await_true(lambda: '"admitted"' in rig.log, "the first slice")

    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        rig.await_true(lambda: '"redis": false' in rig.log, "a slice without Redis")
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)

    assert_each_ran_once_and_is_recorded(rig, control, names)


def test_slices_that_are_answered_late_are_admitted_once(rig: Rig, redis_server: RealServer) -> None:
    control, names = make_burst("--slice-size", "2", rig=rig)
    with stuttering(redis_server):
        rig.await_true(lambda: rig.journal.exists() and rig.journal.read_text().count('"end"') == TASKS, "all ran", 60)

    assert_each_ran_once_and_is_recorded(rig, control, names)
