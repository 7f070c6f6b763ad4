"""What a host says of an attempt that could not speak for itself."""

import re

import pytest
from tests.task_orders import order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import (
    Observed,
    Tail,
    cancelled,
    exited_by,
    interrupted,
    larger_peak_bytes,
    memory_limit_exceeded,
    timed_out,
)

OBSERVED = Observed(ended_at=20.0, started_at=10.0, peak_memory_bytes=600 * 1024**2, output=Tail("printed", 5))
ORDER = order_for("any", timeout_seconds=300.0, memory_limit_bytes=500 * 1024**2)


@pytest.mark.parametrize(
    ("report", "state", "reason", "words"),
    [
        (timed_out(ORDER, OBSERVED), RunState.TIMED_OUT, Reason.TIME_LIMIT, "not done after 5m; raise timeoutSeconds"),
        (memory_limit_exceeded(ORDER, OBSERVED), RunState.FAILED, Reason.MEMORY_LIMIT, "took 600Mi .* limit of 500Mi"),
        (exited_by(ORDER, OBSERVED, 0), RunState.FAILED, Reason.EXITED, "exit code 0"),
        (exited_by(ORDER, OBSERVED, 4), RunState.FAILED, Reason.EXITED, "exit code 4"),
        (exited_by(ORDER, OBSERVED, -9), RunState.LOST, Reason.KILLED, r"signal 9 \(SIGKILL\)"),
        (exited_by(ORDER, OBSERVED, -64), RunState.FAILED, Reason.KILLED, "signal 64"),
        (interrupted(ORDER, OBSERVED), RunState.LOST, Reason.INTERRUPTED, "host of the attempt was stopped"),
        (cancelled(ORDER, OBSERVED), RunState.CANCELLED, Reason.CANCELLED, "on request"),
    ],
)
def test_each_end_has_its_state_reason_and_words(
    report: AttemptReport, state: RunState, reason: Reason, words: str
) -> None:
    assert (report.state, report.reason) == (state, reason)
    assert re.search(words, report.message)
    assert (report.started_at, report.ended_at) == (10.0, 20.0)
    assert (report.output, report.output_dropped_bytes) == ("printed", 5)
    assert report.host


def test_the_peak_is_the_larger_of_what_body_and_host_saw() -> None:
    assert larger_peak_bytes(5, 7) == 7
    assert larger_peak_bytes(7, 5) == 7
    assert larger_peak_bytes(None, 0) is None
