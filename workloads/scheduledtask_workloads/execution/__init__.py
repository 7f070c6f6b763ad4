"""Running one attempt's body: in this process by `execute`, and what its host needs to watch, end and judge it."""

from scheduledtask_workloads.execution.attempt import execute, perform_here
from scheduledtask_workloads.execution.capture import TAIL_BYTES, CapturedOutput, Tail, read_tail
from scheduledtask_workloads.execution.child_run import run_in_child
from scheduledtask_workloads.execution.masking import MaskedStream, Masker
from scheduledtask_workloads.execution.memory import MemoryGuard, larger_peak_bytes, tree_memory_bytes
from scheduledtask_workloads.execution.orphans import adopt_orphans, end_strays
from scheduledtask_workloads.execution.processes import die_with_parent, kill_tree
from scheduledtask_workloads.execution.reports import (
    HostReport,
    Observed,
    cancelled,
    exited_by,
    exited_without_report,
    interrupted,
    killed_by_signal,
    memory_limit_exceeded,
    timed_out,
)
from scheduledtask_workloads.execution.secrets import SecretMissingError, masker_of, masker_of_environment

__all__ = [
    "TAIL_BYTES",
    "CapturedOutput",
    "HostReport",
    "MaskedStream",
    "Masker",
    "MemoryGuard",
    "Observed",
    "SecretMissingError",
    "Tail",
    "adopt_orphans",
    "cancelled",
    "die_with_parent",
    "end_strays",
    "execute",
    "exited_by",
    "exited_without_report",
    "interrupted",
    "kill_tree",
    "killed_by_signal",
    "larger_peak_bytes",
    "masker_of",
    "masker_of_environment",
    "memory_limit_exceeded",
    "perform_here",
    "read_tail",
    "run_in_child",
    "timed_out",
    "tree_memory_bytes",
]
