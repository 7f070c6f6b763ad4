"""However the runners end, nothing runs on unobserved."""

import os
import signal
from pathlib import Path

import pytest
from tests.runners_driver import RunnersProgram, SchedulerEnd, await_true, is_alive, left_pids, light_order

from scheduledtask_workloads.contract import Reason, RunState
from scheduledtask_workloads.contract.messages import AttemptEnded, ReportAcknowledged


def acknowledge_to_the_end(scheduler: SchedulerEnd) -> None:
    try:
        while True:
            message = scheduler.hear()
            if isinstance(message, AttemptEnded):
                scheduler.send(ReportAcknowledged(ref=message.report.ref))
    except (EOFError, ConnectionResetError):
        return


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_body_ends_within_the_grace(tmp_path: Path, number: signal.Signals) -> None:
    with RunnersProgram(tmp_path, "--processes", "1") as program:
        scheduler = program.connect()
        ref = scheduler.start(light_order("sleeps", seconds=0.5))
        scheduler.started(ref)
        program.signal(number)
        acknowledge_to_the_end(scheduler)

        assert scheduler.ended(ref).state is RunState.SUCCEEDED
        assert program.wait() == 0


def test_a_body_longer_than_the_grace_is_interrupted(tmp_path: Path) -> None:
    with RunnersProgram(tmp_path, "--processes", "1", "--grace", "300ms") as program:
        scheduler = program.connect()
        ref = scheduler.start(light_order("hangs-deaf"))
        scheduler.started(ref)
        late = light_order("nothing")
        program.signal(signal.SIGTERM)
        await_true(lambda: "stopping" in program.log.read_text(), "the runners are stopping")
        scheduler.start(late)
        acknowledge_to_the_end(scheduler)

        report = scheduler.ended(ref)
        assert (report.state, report.reason, report.output) == (RunState.LOST, Reason.INTERRUPTED, "deaf\n")
        assert late.ref not in [message.report.ref for message in scheduler.heard if isinstance(message, AttemptEnded)]
        assert program.wait() == 0
        assert not program.socket.exists()


def test_a_program_killed_at_once_takes_all_bodies_and_their_daemons_along(tmp_path: Path) -> None:
    with RunnersProgram(tmp_path, "--processes", "2") as program:
        scheduler = program.connect()
        order = light_order("leaves-a-daemon-and-hangs", path=str(tmp_path / "left"))
        scheduler.started(scheduler.start(order))
        scheduler.started(scheduler.start(light_order("hangs-deaf")))
        await_true(lambda: left_pids(tmp_path / "left"), "the daemon runs")
        program.kill()

        await_true(lambda: not any(map(is_alive, left_pids(tmp_path / "left"))), "the daemon is gone")


def test_a_program_killed_at_once_can_be_started_again_on_its_socket(tmp_path: Path) -> None:
    with RunnersProgram(tmp_path, "--processes", "1") as program:
        program.kill()
        assert program.socket.exists()
        program.start()

        assert program.connect().run(light_order("nothing")).state is RunState.SUCCEEDED


def test_a_killed_nursery_costs_its_runs_and_nothing_else(tmp_path: Path) -> None:
    with RunnersProgram(tmp_path, "--processes", "1") as program:
        scheduler = program.connect()
        ref = scheduler.start(light_order("leaves-a-daemon-and-hangs", path=str(tmp_path / "left")))
        scheduler.started(ref)
        await_true(lambda: left_pids(tmp_path / "left"), "the daemon runs")
        os.kill(program.nursery_pid, signal.SIGKILL)
        report = scheduler.ended(ref)

        assert (report.state, report.reason) == (RunState.LOST, Reason.KILLED)
        assert not any(map(is_alive, left_pids(tmp_path / "left")))
        assert scheduler.run(light_order("nothing")).state is RunState.SUCCEEDED


def test_a_program_killed_in_the_middle_of_births_leaves_nothing(tmp_path: Path) -> None:
    """The nursery once failed, with daemons left, when the program died before it had read all that it was told."""
    with RunnersProgram(tmp_path, "--processes", "4") as program:
        scheduler = program.connect()
        for number in range(8):
            order = light_order("leaves-a-daemon", path=str(tmp_path / "left"), namespace=f"team-{number}")
            scheduler.start(order)
        await_true(lambda: left_pids(tmp_path / "left"), "the first daemon runs")
        program.kill()

        await_true(lambda: not any(map(is_alive, left_pids(tmp_path / "left"))), "the daemons are gone")
        assert "the nursery failed" not in program.log.read_text()
