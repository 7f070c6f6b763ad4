"""When a run is ended by us, and what is reported of one that did not report itself."""

import os

from scheduledtask_workloads.contract import AttemptReport, RunOrder
from scheduledtask_workloads.execution import (
    HostReport,
    Observed,
    exited_by,
    exited_without_report,
    larger_peak_bytes,
    memory_limit_exceeded,
    timed_out,
)
from scheduledtask_workloads.runners.place import ActiveRun

BEGIN_SECONDS = 30.0  # for a child to reach the body, above the body's own time; it takes milliseconds
_EX_PROTOCOL = 76  # sysexits.h


def overstepped(run: ActiveRun, now_monotonic: float) -> HostReport | None:
    """The report for a run that is above a limit; None within them. Samples its memory."""
    if now_monotonic >= _deadline_monotonic(run):
        return timed_out
    if run.guard is not None and run.guard.sample():
        return memory_limit_exceeded
    return None


def _deadline_monotonic(run: ActiveRun) -> float:
    if run.started_at_monotonic is None:
        return run.given_at_monotonic + BEGIN_SECONDS + run.order.timeout_seconds
    return run.started_at_monotonic + run.order.timeout_seconds


def report_of_death(run: ActiveRun, status: int, now: float) -> AttemptReport:
    """`status` is waitpid's, of a child that died without a report; `now` in Unix seconds."""
    observed = run.observed(now)
    if run.verdict is not None:
        return run.verdict(run.order, observed)
    return exited_by(run.order, observed, os.waitstatus_to_exitcode(status))


def with_tree_peak(run: ActiveRun, report: AttemptReport) -> AttemptReport:
    """A child reports its own peak; the guard may have seen more in what the body started."""
    if run.guard is None:
        return report
    peak_bytes = larger_peak_bytes(report.peak_memory_bytes, run.guard.peak_bytes)
    return report.model_copy(update={"peak_memory_bytes": peak_bytes})


def spoke_nonsense(order: RunOrder, observed: Observed) -> AttemptReport:
    """The body wrote to the socket that is its process's alone."""
    report = exited_without_report(order, observed, _EX_PROTOCOL)
    return report.model_copy(update={"message": "the body wrote to the runners' own socket, and was ended"})
