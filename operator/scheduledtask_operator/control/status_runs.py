"""The runs of a status: those known now, and those that a status from before still tells of."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import inf
from sys import intern
from typing import Any, TypeVar

from scheduledtask_operator.control.recent_runs import FAILED_OUTCOMES
from scheduledtask_operator.control.status import EndedRun, HistoryLimits, TaskRuns
from scheduledtask_workloads.contract import Reason, RunRecord, RunState
from scheduledtask_workloads.contract.quantity import format_duration, format_memory

ACTIVE_SHOWN = 100  # a run takes about 250 bytes, and maxConcurrency allows 10,000
MESSAGE_LENGTH = 512  # of an error; the whole is in the run's output
Run = dict[str, Any]
AnyRun = TypeVar("AnyRun")


def active_runs(runs: TaskRuns, before: Mapping[str, Any]) -> list[Run]:
    """The oldest first. While the scheduler has not said which there are, those from before stand."""
    if not runs.told and not runs.active:
        return list(before.get("active", ()))
    return [_active_run(record) for record in runs.active[:ACTIVE_SHOWN]]


def ended_runs(runs: TaskRuns, before: Mapping[str, Any], limits: HistoryLimits) -> list[Run]:
    """The newest first, at least one of each kind that is known, and no more than `limits` ask for beyond that.

    The ledger keeps the last runs of all kinds together, a status some of each: so a failure of last week may stand
    in the status alone.
    """
    at_least_one = limits.at_least_one()
    known = [_written_run(run) for run in runs.history]
    names = {run["run"] for run in known}
    remembered = [run for run in _told_before(before) if run.get("run") not in names]
    newest_first = sorted([*known, *remembered], key=_completed_at, reverse=True)
    return list(within(at_least_one, newest_first, _succeeded))


def shown_history(ended: Iterable[Run], limits: HistoryLimits) -> list[Run]:
    """Of `ended`, what the limits ask for."""
    return list(within(limits, ended, _succeeded))


def failures_in_a_row(runs: TaskRuns, ended: Sequence[Run], times: Mapping[str, str | None]) -> int:
    """How many runs failed since one last succeeded; those that were cancelled or skipped say nothing.

    While nothing is known of them, `times` of a status says whether the last one did.
    """
    failures = runs.recent.failures_in_a_row()
    if failures is not None:
        return failures
    failed_at, succeeded_at = _instant(times.get("lastFailureTime")), _instant(times.get("lastSuccessTime"))
    if failed_at <= succeeded_at:
        return 0
    return max(1, sum(run.get("outcome") in FAILED_OUTCOMES and _completed_at(run) > succeeded_at for run in ended))


def within(
    limits: HistoryLimits, newest_first: Iterable[AnyRun], succeeded: Callable[[AnyRun], bool]
) -> Iterator[AnyRun]:
    """The newest of each kind, as many as `limits` say."""
    left = {True: limits.successful, False: limits.failed}
    for run in newest_first:
        kind = succeeded(run)
        if left[kind] > 0:
            left[kind] -= 1
            yield run


def ended_run(record: RunRecord) -> EndedRun:
    """What is kept of it."""
    return EndedRun(
        run_id=record.run_id,
        state=record.state,
        reason=record.reason,
        message=one_line(record.message, MESSAGE_LENGTH),
        slot_epoch_seconds=record.slot_epoch_seconds,
        attempts=record.attempts,
        started_at=record.started_at,
        ended_at=record.ended_at,
        peak_memory_bytes=record.peak_memory_bytes,
        host=intern(record.host),
    )


def latest(*times: str | None) -> str | None:
    """The last of some instants as Kubernetes writes them; None of none."""
    return max((time for time in times if time), key=_instant, default=None)


def written_time(moment: datetime | float | None) -> str | None:
    """As Kubernetes writes times, in whole seconds; floats are Unix seconds."""
    if moment is None:
        return None
    if isinstance(moment, datetime):
        moment = moment.timestamp()
    written = datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
    return written.replace("+00:00", "Z")


def one_line(text: str, limit: int) -> str:
    """`text` without line breaks and what JSON cannot carry, cut to `limit` characters."""
    if not text.isprintable():  # seldom, and this is slow
        words = " ".join(text.split())
        text = "".join(letter for letter in words if letter.isprintable())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not known, which on the wire is left out."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _told_before(before: Mapping[str, Any]) -> list[Run]:
    """The history, and the last run, which is told whatever the limits say."""
    history, last = list(before.get("history", ())), before.get("lastRun")
    return [last, *history] if last and last not in history else history


def _succeeded(run: Run) -> bool:
    return bool(run.get("outcome") == RunState.SUCCEEDED)


def _completed_at(run: Run) -> float:
    return _instant(run.get("completionTime"))


def _instant(time: str | None) -> float:
    """Before all others where there is none."""
    try:
        return datetime.fromisoformat(time or "").timestamp()
    except ValueError:
        return -inf


def _active_run(record: RunRecord) -> Run:
    return present(
        {
            "run": record.run_id,
            "slotTime": written_time(record.slot_epoch_seconds),
            "attempt": record.attempts,
            "state": str(record.state),
            "startTime": written_time(record.started_at),
            "retryTime": written_time(record.retry_at),
            "host": record.host,
        }
    )


def _written_run(ended: EndedRun) -> Run:
    duration_seconds, memory_bytes = ended.duration_seconds, ended.peak_memory_bytes
    return present(
        {
            "run": ended.run_id,
            "slotTime": written_time(ended.slot_epoch_seconds),
            "outcome": str(ended.state),
            "reason": None if ended.reason is Reason.COMPLETED else str(ended.reason),
            "message": ended.message,
            "attempts": ended.attempts,
            "startTime": written_time(ended.started_at),
            "completionTime": written_time(ended.ended_at),
            "duration": None if duration_seconds is None else format_duration(max(0.0, duration_seconds)),
            "memory": None if memory_bytes is None else format_memory(memory_bytes),
            "host": ended.host,
        }
    )
