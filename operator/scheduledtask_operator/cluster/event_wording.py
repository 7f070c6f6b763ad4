"""What an Event says of a run, of slots, of a pool, of a status; None or nothing where it says nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduledtask_operator.api.conditions import ConditionStatus, ConditionType
from scheduledtask_operator.api.event_reasons import EventReason
from scheduledtask_operator.cluster.status_rank import condition_of
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status_runs import written_time
from scheduledtask_operator.decisions.scaling import ScaleDecision
from scheduledtask_operator.decisions.triggers import FollowingRun
from scheduledtask_workloads.contract import RunRecord, RunState
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.contract.quantity import format_duration

_ENDS = {
    RunState.FAILED: EventReason.RUN_FAILED,
    RunState.TIMED_OUT: EventReason.RUN_TIMED_OUT,
    RunState.LOST: EventReason.RUN_LOST,
    RunState.CANCELLED: EventReason.RUN_CANCELLED,
    RunState.SKIPPED: EventReason.SLOTS_SKIPPED,
}


@dataclass(frozen=True, slots=True)
class Words:
    """`times`: how often it happened at once."""

    reason: EventReason
    note: str
    times: int = 1


def of_run(record: RunRecord, now: datetime) -> Words | None:
    if record.state is RunState.WAITING:
        attempt = f"attempt {record.attempts} of run {record.run_id} ended"
        return Words(EventReason.RUN_RETRIED, f"{attempt}{_how(record)}; {_next(record, now)}")
    if record.state not in _ENDS:
        return None
    attempt = f" in attempt {record.attempts}" if record.attempts > 1 else ""
    return Words(_ENDS[record.state], f"run {record.run_id} ended{attempt}{_how(record)}")


def of_missing_run(run_id: str) -> Words:
    return Words(EventReason.RUN_NOT_FOUND, f"{run_id} was to be cancelled, and is no run in flight")


def of_stopped_trigger(following: FollowingRun) -> Words:
    cause = following.cause
    note = f"no run follows {cause.run_id} of {cause.scheduled_task}: {cause.depth - 1} triggers in a row led to it"
    return Words(EventReason.TRIGGER_STOPPED, note)


def of_skip(skipped: SlotsSkipped) -> Words:
    slots = "1 slot" if skipped.count == 1 else f"{skipped.count} slots, the last"
    note = f"{slots} of {written_time(skipped.last_slot_epoch_seconds)} skipped: {skipped.reason}"
    return Words(EventReason.SLOTS_SKIPPED, note, max(1, skipped.count))


def of_scaling(pool: PoolKey, before: int, decision: ScaleDecision) -> Words:
    up = decision.desired > before
    reason = EventReason.POOL_SCALED_UP if up else EventReason.POOL_SCALED_DOWN
    return Words(reason, f"pool {pool.pool}: {before} -> {decision.desired} workers: {decision.reason}")


def of_status(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Words]:
    """Of what changed from one status of a ScheduledTask to the next."""
    yield from _of_class(before, after)
    yield from _of_ready(before, after)
    yield from _of_worker(before.get("worker") or {}, after.get("worker") or {})


def _of_class(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Words]:
    known, new, why = before.get("class"), after.get("class"), after.get("classReason")
    if new and not known:
        yield Words(EventReason.CLASS_DECIDED, f"{new}: {why}")
    elif new and new != known:
        yield Words(EventReason.CLASS_CHANGED, f"{known} -> {new}: {why}")


def _of_ready(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Words]:
    """A new resource that is ready says so by its class; another word for each of thousands is one too many."""
    known, new = condition_of(before, ConditionType.READY), condition_of(after, ConditionType.READY)
    reason, message = new.get("reason", ""), new.get("message", "")
    note = f"{reason}: {message}" if message else reason
    changed = new.get("status") != known.get("status")
    if new.get("status") == ConditionStatus.FALSE and (changed or reason != known.get("reason")):
        yield Words(EventReason.NOT_READY, note)
    elif new.get("status") == ConditionStatus.TRUE and changed and known:
        yield Words(EventReason.READY, note)


def _of_worker(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Words]:
    if after.get("problem") and not before.get("problem"):
        yield Words(EventReason.WORKERS_NOT_STARTING, after["problem"])
    elif before.get("problem") and not after.get("problem"):
        yield Words(
            EventReason.WORKERS_RECOVERED, f"pool {after.get('pool') or before.get('pool')}: no problem any more"
        )
    if after.get("conflict") and after["conflict"] != before.get("conflict"):
        yield Words(EventReason.POOL_CONFLICT, after["conflict"])


def _how(record: RunRecord) -> str:
    message = f": {record.message}" if record.message else ""
    took = "" if record.duration_seconds is None else f" after {format_duration(max(0.0, record.duration_seconds))}"
    return f"{took}: {record.reason}{message}"


def _next(record: RunRecord, now: datetime) -> str:
    if record.retry_at is None:
        return "the next one follows"
    return f"the next one in {format_duration(max(0.0, record.retry_at - now.timestamp()))}"
