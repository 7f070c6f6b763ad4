"""Small task statuses, as the loop makes them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_operator.control.runs import RunBook
from scheduledtask_operator.control.status import Condition, HistoryLimits, PoolStatus, TaskRuns, TaskStatus
from scheduledtask_operator.decisions.classification import Classification, Criterion
from scheduledtask_operator.decisions.sizing import RunNeed, size_worker
from scheduledtask_workloads.contract import Job, Reason, RunRecord, RunState, TaskClass, TaskKey

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = TaskKey("team", "report")
READY = Condition(True, ConditionReason.SCHEDULED)
UNSURE = Condition(None, ConditionReason.CATALOG_PENDING, "the catalog pod of me/worker runs")
_REASONS = {RunState.SUCCEEDED: Reason.COMPLETED, RunState.FAILED: Reason.RAISED, RunState.TIMED_OUT: Reason.TIME_LIMIT}


def seen(at: datetime = NOW) -> FirstSeen:
    return FirstSeen(created_at=at, effective_from=at, rule="0123456789abcdef", suspended=False)


def classification(task_class: TaskClass = TaskClass.LIGHT) -> Classification:
    criteria = (Criterion("runtime", "10m", "under 5m", task_class is TaskClass.LIGHT),)
    return Classification(task_class, "runtime: 10m; light asks for under 5m", criteria)


def job(task_class: TaskClass = TaskClass.LIGHT, key: TaskKey = KEY) -> Job:
    pool = key.name if task_class is TaskClass.HEAVY else ""
    return Job(namespace=key.namespace, name=key.name, task_class=task_class, task="report", pool=pool)


def run(number: int, state: RunState = RunState.SUCCEEDED, key: TaskKey = KEY, **fields: Any) -> RunRecord:
    """The run of a slot `number` minutes past the hour, a second long."""
    slot = int(NOW.timestamp()) + 60 * number
    known: dict[str, Any] = {
        "namespace": key.namespace,
        "name": key.name,
        "run_id": f"{key.name}-{number}",
        "task_class": TaskClass.LIGHT,
        "state": state,
        "slot_epoch_seconds": slot,
        "attempts": 1,
        "admitted_at": slot + 0.01,
        "started_at": slot + 0.02,
        "ended_at": slot + 1.02 if state.final else None,
        "reason": _REASONS.get(state, Reason.COMPLETED),
    }
    return RunRecord(**{**known, **fields})


def ended(*states: RunState) -> tuple[RunRecord, ...]:
    """Runs that ended one after the other; the newest first, as a history has them."""
    return tuple(run(number, state) for number, state in enumerate(states))[::-1]


def runs(history: Sequence[RunRecord] = (), active: Sequence[RunRecord] = (), *, told: bool = True) -> TaskRuns:
    """As they are known once all of these were told, and all are to be shown."""
    book = RunBook()
    book.remember(KEY, HistoryLimits(100, 100))
    book.load(KEY, history)
    return replace(book.of(KEY), active=tuple(active), told=told)


def pool(**fields: Any) -> PoolStatus:
    size = size_worker([RunNeed(8 * 1024**3, 10 * 1024**3, 1000, 1)])
    known = {"pool": KEY.name, "desired": 1, "ready": 1, "backlog": 0, "reason": "1 run(s) waiting or running"}
    return PoolStatus(**{**known, "size": size, **fields})


def light(**fields: Any) -> TaskStatus:
    known = {
        "key": KEY,
        "condition": READY,
        "generation": 1,
        "seen": seen(),
        "job": job(),
        "classification": classification(),
        "next_due": NOW,
        "runs": runs(),
    }
    return TaskStatus(**{**known, **fields})


def heavy(**fields: Any) -> TaskStatus:
    task_class = TaskClass.HEAVY
    return light(**{"job": job(task_class), "classification": classification(task_class), "pool": pool(), **fields})
