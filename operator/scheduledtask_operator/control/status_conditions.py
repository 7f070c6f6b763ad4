"""Ready, Progressing and Degraded, each with its reason from the one list."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduledtask_operator.api.conditions import REASON_NOTES, ConditionReason, ConditionStatus, ConditionType
from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_operator.control.status_runs import Run, one_line, written_time
from scheduledtask_workloads.contract import RunState

MESSAGE_LENGTH = 1024  # what kubectl's columns and an Event's note take
REDIS_DOWN_TEXT = "Redis does not answer the scheduler"  # the same each time: a new word would be ten thousand writes


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition as it is now; its type and status are its reason's."""

    reason: ConditionReason
    message: str = ""

    @property
    def type(self) -> ConditionType:
        return REASON_NOTES[self.reason].type

    @property
    def status(self) -> ConditionStatus:
        return REASON_NOTES[self.reason].status


_AT_REST = frozenset({ConditionReason.SUSPENDED, ConditionReason.NAMESPACE_PAUSED})
_GRAVE = frozenset({ConditionReason.REDIS_UNFIT, ConditionReason.REDIS_DOWN, ConditionReason.WORKERS_NOT_STARTING})


@dataclass(frozen=True, slots=True)
class Findings:
    ready: Finding
    progressing: Finding
    degraded: Finding

    @property
    def state(self) -> ConditionReason:
        """The most important of it, in a word."""
        if self.ready.status is not ConditionStatus.TRUE:
            return self.ready.reason
        if self.degraded.reason in _GRAVE:
            return self.degraded.reason
        if self.progressing.status is ConditionStatus.TRUE:
            return self.progressing.reason
        if self.ready.reason in _AT_REST or self.degraded.status is ConditionStatus.FALSE:
            return self.ready.reason
        return self.degraded.reason


def find(
    status: TaskStatus,
    *,
    active: Sequence[Run],
    worker: Mapping[str, Any] | None,
    last: Run | None,
    failures: int,
    redis_is_down: bool,
) -> Findings:
    """`active`, `worker` and `last` are what the status tells of runs and workers; `failures` in a row."""
    worker = worker or {}
    wrong = [*_of_redis(status, redis_is_down), *_of_task(worker, last, failures)]
    return Findings(_ready(status), _progressing(active, worker), _degraded(wrong))


def conditions(
    findings: Findings, before: Iterable[Mapping[str, Any]], generation: int | None, now: datetime
) -> list[dict[str, Any]]:
    """As Kubernetes writes them. One whose status is as `before` keeps its time of transition."""
    known = {condition.get("type"): condition for condition in before}
    found = (findings.ready, findings.progressing, findings.degraded)
    return [_condition(finding, known.get(finding.type, {}), generation, now) for finding in found]


def _condition(finding: Finding, before: Mapping[str, Any], generation: int | None, now: datetime) -> dict[str, Any]:
    same = before.get("status") == finding.status and before.get("lastTransitionTime")
    condition = {
        "type": str(finding.type),
        "status": str(finding.status),
        "reason": str(finding.reason),
        "message": one_line(finding.message, MESSAGE_LENGTH),
        "lastTransitionTime": before["lastTransitionTime"] if same else written_time(now),
    }
    return condition if generation is None else {**condition, "observedGeneration": generation}


def _ready(status: TaskStatus) -> Finding:
    condition = status.condition
    if condition.ready is True or status.job is None:
        return Finding(condition.reason, condition.message)
    return Finding(condition.reason, f"{condition.message}; the version before it stays in force")


def _progressing(active: Sequence[Run], worker: Mapping[str, Any]) -> Finding:
    at_work = [run for run in active if run.get("state") != RunState.WAITING]
    if at_work:
        return Finding(ConditionReason.RUNNING, _runs_text(at_work))
    if active:
        return Finding(ConditionReason.RETRY_PENDING, _runs_text(active))
    desired, ready = worker.get("desired", 0), worker.get("ready", 0)
    if desired > ready:
        return Finding(ConditionReason.WORKERS_STARTING, f"{ready} of {desired} workers are ready")
    return Finding(ConditionReason.IDLE)


def _runs_text(runs: Sequence[Run]) -> str:
    first, others = runs[0], len(runs) - 1
    text = f"{first.get('run', '')}: {first.get('state', '')}, attempt {first.get('attempt', 1)}"
    return f"{text}; {others} more" if others else text


def _degraded(wrong: Iterable[Finding]) -> Finding:
    """The first of what is wrong names the reason; the message has all."""
    standing = [finding for finding in wrong if finding.message]
    if not standing:
        return Finding(ConditionReason.AS_EXPECTED)
    return Finding(standing[0].reason, "; ".join(finding.message for finding in standing))


def _of_redis(status: TaskStatus, is_down: bool) -> Iterator[Finding]:
    """Where it is away for a reason that a person must mend, that alone is said."""
    if status.redis_problem:
        yield Finding(ConditionReason.REDIS_UNFIT, status.redis_problem)
    elif is_down:
        yield Finding(ConditionReason.REDIS_DOWN, REDIS_DOWN_TEXT)


def _of_task(worker: Mapping[str, Any], last: Run | None, failures: int) -> Iterator[Finding]:
    yield Finding(ConditionReason.WORKERS_NOT_STARTING, worker.get("problem", ""))
    yield Finding(ConditionReason.RUNS_FAILING, _failing_text(last, failures))
    yield Finding(ConditionReason.POOL_CONFLICT, worker.get("conflict", ""))


def _failing_text(last: Run | None, failures: int) -> str:
    if not failures:
        return ""
    many = "the last run failed" if failures == 1 else f"the last {failures} runs failed"
    if last is None:
        return many
    words = [last.get("outcome"), last.get("reason"), last.get("message")]
    return f"{many}; {last.get('run', '')}: {': '.join(word for word in words if word)}"
