"""The task `performance-report`."""

from typing import TYPE_CHECKING

from scheduledtask_workloads.catalog import Profile, RunContext, task
from scheduledtask_workloads.tasks.performance_report.settings import ReportArguments

if TYPE_CHECKING:
    from scheduledtask_workloads.tasks.performance_report.reporting import ReportResult


@task(
    "performance-report",
    profile=Profile(duration="30m", memory="2G", concurrency=1, requires=["ResultTracking"]),
)
def performance_report(context: RunContext, arguments: ReportArguments) -> "ReportResult | None":
    """Judge a trained model on fresh data: metrics, calibration, drift, as a page and JSON; thresholds fail the run."""
    from scheduledtask_workloads.tasks.performance_report.reporting import report

    return report(arguments, context)
