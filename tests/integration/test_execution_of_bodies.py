"""Whatever a body does, its attempt is reported as what it was, and nothing of it stays behind."""

import os
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.task_orders import MISBEHAVING_PROJECT, order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import TAIL_BYTES, run_in_child

ENVIRONMENT = {**os.environ, "SCHEDULEDTASK_PROJECT": str(MISBEHAVING_PROJECT)}


def perform(task: str, arguments: dict[str, Any] | None = None, **fields: Any) -> AttemptReport:
    order = order_for(f"light-{task}", arguments, **fields)
    return run_in_child(order, environment=ENVIRONMENT, on_output=lambda data: None)


@pytest.mark.parametrize(
    ("task", "arguments", "reason", "message"),
    [
        ("raises", {}, Reason.RAISED, "ValueError: the body raised"),
        ("exits", {"code": 0}, Reason.EXITED, "the body called sys.exit(0); a task must return"),
        ("exits", {}, Reason.EXITED, "the body called sys.exit(3); a task must return"),
        ("exits-at-once", {}, Reason.EXITED, "the body ended its process with exit code 4 (os._exit)"),
        ("segfaults", {}, Reason.KILLED, "the body's process was killed by signal 11 (SIGSEGV)"),
        ("returns-no-json", {}, Reason.BAD_RESULT, "the result (set) is not JSON: TypeError: set has no form in JSON"),
        ("raise", {}, Reason.UNKNOWN_TASK, "unknown task 'light-raise'; did you mean 'light-raises'?"),
        ("exits", {"code": "x"}, Reason.BAD_ARGUMENTS, "arguments.code: 'x': Input should be a valid integer"),
        ("journals", {}, Reason.BAD_ARGUMENTS, "arguments.path: is required"),
    ],
)
def test_a_body_that_fails_is_recorded_as_what_it_is(
    task: str, arguments: dict[str, Any], reason: Reason, message: str
) -> None:
    report = perform(task, arguments)

    assert (report.state, report.reason) == (RunState.FAILED, reason)
    assert report.message.startswith(message)


def test_a_body_that_was_killed_is_lost_for_no_fault_of_its_own() -> None:
    report = perform("dies-of-signal")

    assert (report.state, report.reason) == (RunState.LOST, Reason.KILLED)
    assert report.message == "the body's process was killed by signal 9 (SIGKILL)"


def test_a_body_that_never_began_has_no_start() -> None:
    assert perform("no-such").started_at is None
    assert perform("exits", {"code": "x"}).started_at is None


def test_what_was_printed_before_a_kill_is_kept_and_the_start_is_known() -> None:
    report = perform("dies-of-signal")

    assert report.output == "about to die\n"
    assert report.started_at is not None
    assert report.ended_at >= report.started_at


def test_the_traceback_begins_at_the_body() -> None:
    output = perform("raises").output

    assert output.startswith("about to raise\nTraceback (most recent call last):\n")
    assert "scheduledtask_workloads" not in output
    assert output.count("  File ") == 1


def test_a_megabyte_of_output_is_cut_to_its_end() -> None:
    report = perform("prints")

    assert report.state is RunState.SUCCEEDED
    assert report.output.endswith("\nthe end\n")
    assert len(report.output.encode()) <= TAIL_BYTES
    assert report.output_dropped_bytes + len(report.output.encode()) == 1024**2 // 100 * 100 + len("the end\n")


def test_output_below_python_is_captured_in_order() -> None:
    assert perform("prints-below-python").output == "from the shell\nstraight to file descriptor 2\n"


def test_output_is_passed_on_while_the_body_runs() -> None:
    seen: list[bytes] = []
    order = order_for("light-prints", {"total_bytes": 100_000})
    run_in_child(order, environment=ENVIRONMENT, on_output=seen.append)

    assert b"".join(seen).endswith(b"x\nthe end\n")
    assert len(b"".join(seen)) == 100_008


def test_a_forked_body_reports_once() -> None:
    report = perform("forks-and-returns-twice")

    assert (report.state, report.result) == (RunState.SUCCEEDED, 0)


def test_a_coroutine_is_awaited() -> None:
    assert perform("sleeps-async", {"seconds": 0.0}).result == "slept"


def test_a_body_that_is_not_done_in_time_is_ended() -> None:
    report = perform("hangs", timeout_seconds=0.5)

    assert (report.state, report.reason) == (RunState.TIMED_OUT, Reason.TIME_LIMIT)
    assert report.output == "about to hang\n"


@pytest.mark.parametrize("task", ["eats-memory", "eats-memory-in-a-child"])
def test_a_body_above_its_memory_is_ended_children_counted(task: str) -> None:
    report = perform(task, memory_limit_bytes=150 * 1024**2)

    assert (report.state, report.reason) == (RunState.FAILED, Reason.MEMORY_LIMIT)
    assert report.peak_memory_bytes is not None
    assert report.peak_memory_bytes > 150 * 1024**2
    assert "above its limit of 150Mi" in report.message


def test_the_peak_is_reported_of_a_body_that_ended_well() -> None:
    peak_bytes = perform("nothing").peak_memory_bytes

    assert peak_bytes is not None
    assert 5 * 1024**2 < peak_bytes < 500 * 1024**2


def test_what_a_body_left_running_is_ended_with_it(tmp_path: Path) -> None:
    report = perform("leaves-a-child", {"path": str(tmp_path / "left")})
    left = int((tmp_path / "left").read_text().partition('"pid": ')[2].rstrip("}\n"))

    assert report.state is RunState.SUCCEEDED
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE


def test_the_body_is_in_a_session_of_its_own() -> None:
    facts = perform("reports-process").result

    assert facts["pid"] == facts["session"] == facts["group"]
    assert facts["parent"] == os.getpid()


def test_a_body_that_fails_may_leave_a_result() -> None:
    report = perform("fails-with-result")

    assert (report.state, report.reason) == (RunState.FAILED, Reason.RAISED)
    assert (report.message, report.result) == ("TaskFailedError: too little", {"found": 3})
    assert perform("fails-with-no-json").result is None
