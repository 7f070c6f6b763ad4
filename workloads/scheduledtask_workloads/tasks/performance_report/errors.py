"""What goes wrong with a report.

ReportError
├── ReportInputError       model, data or thresholds do not fit together; no report was written
├── PreviousReportError    the report to compare with cannot be read; no report was written
└── ThresholdsMissedError  the report is written, and the model is worse than the thresholds allow
"""

from scheduledtask_workloads.catalog import TaskFailedError


class ReportError(Exception):
    """The base of all of them."""


class ReportInputError(ReportError):
    """Names the argument, what was found and what to do."""


class PreviousReportError(ReportError):
    """Names the file and what is wrong with it."""


class ThresholdsMissedError(ReportError, TaskFailedError):
    """Names each metric with its value and threshold, and where the report is; has the run's result."""
