"""A body that misbehaves is recorded as what it is, and the next order of its namespace runs."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runners_driver import RunnersProgram, SchedulerEnd, await_true, is_alive, left_pids, light_order

from scheduledtask_workloads.contract import Reason, RunState

MEBIBYTE = 1024**2


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnersProgram]:
    with RunnersProgram(tmp_path_factory.mktemp("runners"), "--processes", "1") as program:
        yield program


@pytest.fixture(scope="module")
def scheduler(program: RunnersProgram) -> SchedulerEnd:
    return program.connect()


@pytest.fixture(autouse=True)
def goes_on(scheduler: SchedulerEnd) -> Iterator[None]:
    """After every test: the engine runs the next order."""
    yield
    assert scheduler.run(light_order("nothing")).state is RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("body", "state", "reason", "words"),
    [
        ("raises", RunState.FAILED, Reason.RAISED, "ValueError: the body raised"),
        ("exits", RunState.FAILED, Reason.EXITED, "sys.exit(3)"),
        ("exits-at-once", RunState.FAILED, Reason.EXITED, "exit code 4"),
        ("dies-of-signal", RunState.LOST, Reason.KILLED, "SIGKILL"),
        ("segfaults", RunState.FAILED, Reason.KILLED, "SIGSEGV"),
        ("returns-no-json", RunState.FAILED, Reason.BAD_RESULT, "not JSON"),
    ],
)
def test_an_end_is_named(scheduler: SchedulerEnd, body: str, state: RunState, reason: Reason, words: str) -> None:
    report = scheduler.run(light_order(body))

    assert (report.state, report.reason) == (state, reason)
    assert words in report.message


def test_a_body_that_never_ends_is_ended_at_its_time_limit(scheduler: SchedulerEnd) -> None:
    report = scheduler.run(light_order("hangs", order_timeout_seconds=0.3))

    assert (report.state, report.reason) == (RunState.TIMED_OUT, Reason.TIME_LIMIT)
    assert report.output == "about to hang\n"
    assert report.started_at is not None
    assert report.ended_at - report.started_at >= 0.3


def test_a_body_that_ignores_signals_is_ended_all_the_same(scheduler: SchedulerEnd) -> None:
    report = scheduler.run(light_order("hangs-deaf", order_timeout_seconds=0.3))

    assert (report.state, report.output) == (RunState.TIMED_OUT, "deaf\n")


@pytest.mark.parametrize("body", ["eats-memory", "eats-memory-in-a-child"])
def test_memory_above_the_limit_ends_the_body_and_its_children(scheduler: SchedulerEnd, body: str) -> None:
    report = scheduler.run(light_order(body, order_memory_limit_bytes=128 * MEBIBYTE))

    assert (report.state, report.reason) == (RunState.FAILED, Reason.MEMORY_LIMIT)
    assert "limit of 128Mi" in report.message
    assert (report.peak_memory_bytes or 0) > 128 * MEBIBYTE


def test_memory_taken_faster_than_anybody_looks_is_refused(scheduler: SchedulerEnd) -> None:
    report = scheduler.run(light_order("eats-memory-at-once", order_memory_limit_bytes=128 * MEBIBYTE))

    assert (report.state, report.reason) == (RunState.FAILED, Reason.MEMORY_LIMIT)
    assert "limit of 128Mi" in report.message
    assert (report.peak_memory_bytes or 0) < 1024 * MEBIBYTE


def test_a_megabyte_of_output_is_kept_as_its_tail(scheduler: SchedulerEnd) -> None:
    report = scheduler.run(light_order("prints", total_bytes=MEBIBYTE))

    assert report.state is RunState.SUCCEEDED
    assert report.output.endswith("the end\n")
    assert len(report.output) + report.output_dropped_bytes == pytest.approx(MEBIBYTE, abs=200)


def test_output_below_python_is_captured_and_none_of_the_run_before(scheduler: SchedulerEnd) -> None:
    scheduler.run(light_order("prints", total_bytes=1000))
    report = scheduler.run(light_order("prints-below-python", text="from below"))

    assert report.output == "from below\nstraight to file descriptor 2\n"


def test_a_coroutine_runs_on_a_loop_of_its_own(scheduler: SchedulerEnd) -> None:
    report = scheduler.run(light_order("sleeps-async", seconds=0.01))

    assert (report.state, report.result) == (RunState.SUCCEEDED, "slept")


@pytest.mark.parametrize("body", ["leaves-a-child", "leaves-a-daemon"])
def test_what_a_body_forked_ends_with_its_run(scheduler: SchedulerEnd, tmp_path: Path, body: str) -> None:
    report = scheduler.run(light_order(body, path=str(tmp_path / "left")))
    following = scheduler.run(light_order("nothing"))

    assert report.state is following.state is RunState.SUCCEEDED
    await_true(lambda: not any(map(is_alive, left_pids(tmp_path / "left"))), "what the body left is gone")


def test_a_daemon_of_a_body_that_is_ended_ends_with_it(scheduler: SchedulerEnd, tmp_path: Path) -> None:
    order = light_order("leaves-a-daemon-and-hangs", path=str(tmp_path / "left"), order_timeout_seconds=0.5)
    report = scheduler.run(order)

    assert report.state is RunState.TIMED_OUT
    assert not any(map(is_alive, left_pids(tmp_path / "left")))  # at once: the report comes after the burial


def test_a_body_that_forks_and_returns_twice_reports_once(scheduler: SchedulerEnd) -> None:
    order = light_order("forks-and-returns-twice")
    report = scheduler.run(order)
    scheduler.run(light_order("nothing"))

    assert report.state is RunState.SUCCEEDED
    assert len([message for message in scheduler.heard if getattr(message, "report", None) == report]) == 1


def test_a_thread_that_outlives_its_body_does_not_meet_the_next_one(scheduler: SchedulerEnd) -> None:
    before = scheduler.run(light_order("reports-process")).result["pid"]
    assert scheduler.run(light_order("leaves-a-thread")).state is RunState.SUCCEEDED
    after = scheduler.run(light_order("reports-process")).result["pid"]

    assert before != after


def test_a_body_that_behaves_leaves_its_process_to_the_next_one(scheduler: SchedulerEnd) -> None:
    first, second = (scheduler.run(light_order("reports-process")).result for _ in range(2))

    assert first == second
    assert first["pid"] == first["group"] == first["session"]


def test_an_unknown_task_and_wrong_arguments_are_named(scheduler: SchedulerEnd) -> None:
    unknown = scheduler.run(light_order("nowhere"))
    wrong = scheduler.run(light_order("sleeps", seconds="long"))

    assert (unknown.state, unknown.reason) == (RunState.FAILED, Reason.UNKNOWN_TASK)
    assert (wrong.state, wrong.reason) == (RunState.FAILED, Reason.BAD_ARGUMENTS)
    assert "arguments.seconds" in wrong.message


def test_a_task_that_is_not_declared_light_is_refused(scheduler: SchedulerEnd, tmp_path: Path) -> None:
    order = light_order("journals", path=str(tmp_path / "journal"))
    report = scheduler.run(order.model_copy(update={"task": "heavy-journals"}))

    assert report.state is RunState.FAILED
    assert "light=True" in report.message
    assert not (tmp_path / "journal").exists()


def test_a_body_killed_from_outside_is_lost_with_its_output(scheduler: SchedulerEnd) -> None:
    process = scheduler.run(light_order("reports-process")).result
    ref = scheduler.start(light_order("hangs"))
    scheduler.started(ref)
    os.kill(process["pid"], signal.SIGKILL)
    report = scheduler.ended(ref)

    assert (report.state, report.reason) == (RunState.LOST, Reason.KILLED)
    assert report.started_at is not None
