"""A status as people read it: what is known of a task, laid over what its status said before.

What the loop does not know yet after a restart, such as its runs and workers, stands as it was until it does.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_operator.control.recent_runs import FAILED_OUTCOMES
from scheduledtask_operator.control.status import PoolStatus, TaskRuns, TaskStatus
from scheduledtask_operator.control.status_conditions import conditions, find
from scheduledtask_operator.control.status_runs import (
    active_runs,
    ended_runs,
    failures_in_a_row,
    latest,
    one_line,
    present,
    shown_history,
    written_time,
)
from scheduledtask_operator.decisions.classification import Classification
from scheduledtask_operator.decisions.sizing import WorkerSize
from scheduledtask_workloads.contract import RunState
from scheduledtask_workloads.contract.quantity import format_duration, format_memory

TEXT_LENGTH = 512  # of a reason; a bound at all keeps the objects small
REASONS_SHOWN = 16
Document = dict[str, Any]


def status_document(status: TaskStatus, before: Mapping[str, Any], now: datetime) -> Document:
    """The whole `status` of a ScheduledTask. `before` is the one that its object has, empty for none."""
    ended = ended_runs(status.runs, before, status.history_limits)
    active = active_runs(status.runs, before)
    worker = _worker(status, before)
    shown = shown_history(ended, status.history_limits)
    told = [*ended[:1], *shown]  # what is left out of the status must not decide what it says the next time
    failed = next((run for run in told if run.get("outcome") in FAILED_OUTCOMES), None)
    times = _times(status.runs, before)
    failures = failures_in_a_row(status.runs, shown, times)
    down = _redis_is_down(status, before)
    findings = find(status, active=active, worker=worker, last=failed, failures=failures, redis_is_down=down)
    return present(
        {
            **_class(status, before),
            "state": str(findings.state),
            "nextRunTime": written_time(status.next_due),
            **times,
            "lastRun": ended[0] if ended else None,
            "active": active,
            "history": shown,
            "observed": _observed(status, before),
            "worker": worker,
            "scheduleSince": _schedule_since(status.seen),
            "conditions": conditions(findings, before.get("conditions", ()), status.generation, now),
            "observedGeneration": status.generation,
        }
    )


def _redis_is_down(status: TaskStatus, before: Mapping[str, Any]) -> bool:
    if status.redis_is_down is not None:
        return status.redis_is_down
    return any(each.get("reason") == ConditionReason.REDIS_DOWN for each in before.get("conditions", ()))


def _class(status: TaskStatus, before: Mapping[str, Any]) -> Document:
    """Until its catalog is there, a task's class is the one that it had."""
    if status.classification is None:
        return {name: before.get(name) for name in ("class", "classReason", "classReasons")}
    return {
        "class": str(status.classification.task_class),
        "classReason": one_line(status.classification.reason, TEXT_LENGTH),
        "classReasons": _criteria(status.classification),
    }


def _criteria(classification: Classification) -> list[Document]:
    return [
        {
            "name": criterion.name,
            "found": one_line(criterion.found, TEXT_LENGTH),
            "limit": criterion.limit,
            "holds": criterion.holds,
        }
        for criterion in classification.criteria
    ]


def _times(runs: TaskRuns, before: Mapping[str, Any]) -> dict[str, str | None]:
    """The latest that is known of each, or was."""
    slots = [run.slot_epoch_seconds for run in runs.active] + [run.slot_epoch_seconds for run in runs.history]
    succeeded = [record.ended_at for record in runs.history if record.state is RunState.SUCCEEDED]
    failed = [record.ended_at for record in runs.history if record.state in FAILED_OUTCOMES]
    return {
        name: latest(before.get(name), written_time(max((time for time in times if time is not None), default=None)))
        for name, times in (("lastScheduleTime", slots), ("lastSuccessTime", succeeded), ("lastFailureTime", failed))
    }


def _observed(status: TaskStatus, before: Mapping[str, Any]) -> Document | None:
    """Of the runs whose bodies were seen to begin and end."""
    measured = status.runs.recent.measured()
    if measured is None:
        return before.get("observed")
    startup_seconds = status.pool.startup_seconds if status.pool else None
    startup = (before.get("observed") or {}).get("startup") if startup_seconds is None else None
    return present(
        {
            "runs": measured.runs,
            "duration": format_duration(measured.duration_seconds),
            "memory": format_memory(measured.memory_bytes) if measured.memory_bytes else None,
            "startup": startup if startup_seconds is None else format_duration(startup_seconds),
        }
    )


def _worker(status: TaskStatus, before: Mapping[str, Any]) -> Document | None:
    if status.pool is not None:
        return present({**_pool(status.pool), **(_size(status.pool.size) if status.pool.size else {})})
    heavy = status.job.pool != "" if status.job else before.get("class") == "Heavy"
    return before.get("worker") if heavy else None


def _pool(pool: PoolStatus) -> Document:
    return {
        "pool": pool.pool,
        "desired": pool.desired,
        "ready": pool.ready,
        "backlog": pool.backlog,
        "scaleReason": one_line(pool.reason, TEXT_LENGTH),
        "problem": one_line(pool.problem, TEXT_LENGTH),
        "conflict": one_line(pool.conflict, TEXT_LENGTH),
    }


def _size(size: WorkerSize) -> Document:
    return {
        "memoryRequest": format_memory(size.memory_request_bytes),
        "memoryLimit": format_memory(size.memory_limit_bytes),
        "cpuRequest": f"{size.cpu_request_millicores}m",
        "runsPerPod": size.runs_per_pod,
        "reasons": [one_line(reason, TEXT_LENGTH) for reason in size.reasons[:REASONS_SHOWN]],
    }


def _schedule_since(seen: FirstSeen | None) -> Document | None:
    if seen is None:
        return None
    return {"time": written_time(seen.effective_from), "rule": seen.rule, "suspended": seen.suspended}
