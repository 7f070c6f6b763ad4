"""Reports of attempts that could not report themselves, written by their host.

A host that ends an attempt for a reason of its own uses these in the place of whatever the body's process still says.
"""

import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from scheduledtask_workloads.contract import AttemptReport, Reason, RunOrder, RunState
from scheduledtask_workloads.contract.quantity import format_duration, format_memory
from scheduledtask_workloads.execution.capture import Tail


@dataclass(frozen=True, slots=True)
class Observed:
    """What the host knows. Times are Unix seconds; `started_at` None: the body never began."""

    ended_at: float
    started_at: float | None = None
    peak_memory_bytes: int | None = None
    output: Tail = field(default_factory=Tail)


HostReport = Callable[[RunOrder, Observed], AttemptReport]
"""Why a host ends an attempt, as the function that reports it: `timed_out` and its neighbours."""


def timed_out(order: RunOrder, observed: Observed) -> AttemptReport:
    message = f"not done after {format_duration(order.timeout_seconds)}; raise timeoutSeconds or make the task shorter"
    return _report(order, observed, RunState.TIMED_OUT, Reason.TIME_LIMIT, message)


def memory_limit_exceeded(order: RunOrder, observed: Observed) -> AttemptReport:
    used, limit = format_memory(observed.peak_memory_bytes or 0), format_memory(order.memory_limit_bytes or 0)
    message = f"took {used} of memory, above its limit of {limit}; raise profile.memory or make the task smaller"
    return _report(order, observed, RunState.FAILED, Reason.MEMORY_LIMIT, message)


def exited_by(order: RunOrder, observed: Observed, exit_code: int) -> AttemptReport:
    """For a process that ended by itself without a report; `exit_code` as subprocess has it, -N for signal N."""
    if exit_code < 0:
        return killed_by_signal(order, observed, -exit_code)
    return exited_without_report(order, observed, exit_code)


def killed_by_signal(order: RunOrder, observed: Observed, number: int) -> AttemptReport:
    """By a signal that was not the host's. A crash is the body's failure; SIGKILL (the kernel's out-of-memory killer,
    somebody's hand) is nobody's that we could name, and counts as a lost host.
    """
    message = f"the body's process was killed by {_signal_name(number)}"
    state = RunState.LOST if number == signal.SIGKILL else RunState.FAILED
    return _report(order, observed, state, Reason.KILLED, message)


def exited_without_report(order: RunOrder, observed: Observed, exit_code: int) -> AttemptReport:
    message = f"the body ended its process with exit code {exit_code} (os._exit); a task must return"
    return _report(order, observed, RunState.FAILED, Reason.EXITED, message)


def interrupted(order: RunOrder, observed: Observed) -> AttemptReport:
    """By our own restart: always followed by another attempt."""
    message = "the host of the attempt was stopped before its body ended"
    return _report(order, observed, RunState.LOST, Reason.INTERRUPTED, message)


def cancelled(order: RunOrder, observed: Observed) -> AttemptReport:
    return _report(order, observed, RunState.CANCELLED, Reason.CANCELLED, "cancelled on request")


def _report(order: RunOrder, observed: Observed, state: RunState, reason: Reason, message: str) -> AttemptReport:
    return AttemptReport(
        ref=order.ref,
        state=state,
        reason=reason,
        message=message,
        output=observed.output.text,
        output_dropped_bytes=observed.output.dropped_bytes,
        started_at=observed.started_at,
        ended_at=observed.ended_at,
        peak_memory_bytes=observed.peak_memory_bytes,
        host=socket.gethostname(),
    )


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
