"""What one run of a built-in task costs: a process of its own, duration and peak memory as a run records them."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scheduledtask_workloads.contract import AttemptRef, RunOrder, RunState, TaskClass
from scheduledtask_workloads.execution import run_in_child

TIMEOUT_SECONDS = 2 * 3600.0


@dataclass(frozen=True, slots=True)
class Measured:
    """`seconds`: first to last line of the body. `peak_bytes`: resident memory of the body's process and all below it,
    with the interpreter and the catalog, as `status.observed` and the limits count it.
    """

    task: str
    load: str
    seconds: float
    peak_bytes: int
    result: Any = None


class RunFailedError(RuntimeError):
    """A run that was to be measured did not succeed."""


def perform(
    task: str,
    load: str,
    arguments: dict[str, Any],
    *,
    artifacts: Path | None = None,
    memory_limit_bytes: int | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Measured:
    """One run of `task` in a fresh child process. `load`: a few words for the table. Raises RunFailedError."""
    with tempfile.TemporaryDirectory(prefix="scheduledtask-bench-") as folder:
        order = RunOrder(
            ref=AttemptRef(namespace="bench", name=task, run_id=f"bench-{os.getpid()}", attempt=1, fence=0),
            task_class=TaskClass.HEAVY,  # no engine: the class decides nothing here
            task=task,
            arguments=arguments,
            timeout_seconds=timeout_seconds,
            memory_limit_bytes=memory_limit_bytes,
            artifacts_url=str(artifacts or folder),
        )
        report = run_in_child(order, environment=dict(os.environ), on_output=lambda _: None)
    if report.state is not RunState.SUCCEEDED or report.started_at is None or report.peak_memory_bytes is None:
        raise RunFailedError(f"{task}: {report.state}: {report.message}\n{report.output}")
    seconds = report.ended_at - report.started_at
    return Measured(task, load, seconds, report.peak_memory_bytes, report.result)
