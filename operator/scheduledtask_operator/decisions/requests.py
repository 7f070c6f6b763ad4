"""What is to be done about a ScheduledTaskRun: pure, from the object, what was heard of its run, and `now`."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from scheduledtask_operator.api import RunOutcome, RunProgress, ScheduledTaskRun, ScheduledTaskRunStatus
from scheduledtask_operator.api.run_resource import MESSAGE_LIMIT_CHARACTERS, RunCondition, kept_result
from scheduledtask_workloads.contract import Reason, RunRecord, RunState

MISSING_SECONDS = 30.0  # a ScheduledTask that is applied together with its run may come after it
ASK_AGAIN_SECONDS = 5.0  # of what was not admitted or not answered: the end of another run prompts earlier
LOOK_AGAIN_SECONDS = 60.0  # of what waits for others, whose end prompts earlier
CANCEL_AGAIN_SECONDS = 2.0

_OUTCOMES = {
    RunState.SUCCEEDED: RunOutcome.SUCCEEDED,
    RunState.FAILED: RunOutcome.FAILED,
    RunState.TIMED_OUT: RunOutcome.TIMED_OUT,
    RunState.CANCELLED: RunOutcome.CANCELLED,
    RunState.LOST: RunOutcome.LOST,
    RunState.SKIPPED: RunOutcome.REFUSED,
}
_OUTCOMES_OF_REFUSALS = {Reason.CANCELLED: RunOutcome.CANCELLED, Reason.RECORD_GONE: RunOutcome.LOST}
_PROGRESS = {
    RunState.ADMITTED: (RunProgress.ADMITTED, "it may start"),
    RunState.DISPATCHED: (RunProgress.DISPATCHED, "it waits for a host"),
    RunState.STARTED: (RunProgress.STARTED, "it runs"),
    RunState.WAITING: (RunProgress.WAITING, "it waits for its next attempt"),
}


@dataclass(frozen=True, slots=True)
class TaskView:
    """The ScheduledTask that is asked for. `waits_for` says what it still needs, empty when it can be asked.

    `is_paused`: its namespace is.
    """

    exists: bool
    waits_for: str = ""
    deadline_seconds: int | None = None
    argument_problems: tuple[str, ...] = ()
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """The scheduler's answer to the latest time that it was asked. `final`: asking again is of no use."""

    reason: Reason
    message: str
    final: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """`status` is the newest that was written. `record` is None while nothing was heard of the run.

    `problem` says why the object cannot be read, empty where it can. `noticed_at` is when this process first saw the
    object. `asked_at` is None when it never asked, `refusal` when there was no answer since. `in_turn` is False while
    earlier requests take every place that there is.
    """

    run: ScheduledTaskRun
    status: ScheduledTaskRunStatus
    record: RunRecord | None
    task: TaskView
    noticed_at: datetime
    problem: str = ""
    asked_at: datetime | None = None
    refusal: Refusal | None = None
    in_turn: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """`status` is what is to be written, where it differs. `again_seconds`: when to look again, unless prompted."""

    status: ScheduledTaskRunStatus
    ask: bool = False
    cancel: bool = False
    delete: bool = False
    again_seconds: float | None = None


def decide(situation: Situation, now: datetime) -> Decision:
    """An outcome that was written stays."""
    if situation.status.ended:
        return _clean_up(situation, now)
    if situation.record is not None:
        status = _status_of_record(situation, situation.record, now)
        return Decision(status, again_seconds=0.0 if status.ended else None)
    refused = _refusal(situation, now)
    if refused is not None:
        return Decision(refused, again_seconds=0.0)
    return _ask_or_wait(situation, now)


def is_waiting(status: ScheduledTaskRunStatus) -> bool:
    """Whether a run was neither admitted nor refused, as far as the status knows."""
    return not status.ended and status.state in (None, RunProgress.PENDING)


# --- it has ended


def _clean_up(situation: Situation, now: datetime) -> Decision:
    """What still runs was admitted while it was given up."""
    active = situation.record is not None and not situation.record.state.final
    if active:
        return Decision(situation.status, cancel=True, again_seconds=CANCEL_AGAIN_SECONDS)
    ended_at = situation.status.completion_time or situation.run.created_at
    left_seconds = (ended_at - now).total_seconds() + situation.run.spec.ttl_seconds_after_finished
    if left_seconds <= 0:
        return Decision(situation.status, delete=True, again_seconds=ASK_AGAIN_SECONDS)
    return Decision(situation.status, again_seconds=left_seconds)


# --- it was admitted


def _status_of_record(situation: Situation, record: RunRecord, now: datetime) -> ScheduledTaskRunStatus:
    if record.state.final:
        return _ended_status(situation, record, now)
    progress, message = _PROGRESS[record.state]
    if record.state is RunState.WAITING and record.message:
        message = f"{message}; the last one: {record.reason}: {record.message}"
    shown = ScheduledTaskRunStatus(
        state=progress,
        reason=progress,
        message=_cut(message),
        run_id=record.run_id,
        attempts=record.attempts,
        start_time=_time(record.started_at),
    )
    return _with_conditions(shown, situation.status, now)


def _ended_status(situation: Situation, record: RunRecord, now: datetime) -> ScheduledTaskRunStatus:
    result, remark = kept_result(record.result)
    shown = ScheduledTaskRunStatus(
        state=RunProgress.ENDED,
        outcome=_OUTCOMES[record.state],
        reason=record.reason,
        message=_cut("; ".join(part for part in (record.message, remark) if part)),
        run_id=record.run_id,
        attempts=record.attempts,
        start_time=_time(record.started_at),
        completion_time=_time(record.ended_at) or _whole(now),
        result=result,
    )
    return _with_conditions(shown, situation.status, now)


# --- it was not, as far as is known


def _refusal(situation: Situation, now: datetime) -> ScheduledTaskRunStatus | None:
    """Its end without a run, if that is what it comes to."""
    refusal, task = situation.refusal, situation.task
    if situation.problem:
        return _refused(situation, RunOutcome.REFUSED, "BadRequest", situation.problem, now)
    if refusal is not None and refusal.final:
        outcome = _OUTCOMES_OF_REFUSALS.get(refusal.reason, RunOutcome.REFUSED)
        return _refused(situation, outcome, refusal.reason, refusal.message, now)
    if not task.exists:
        return _without_task(situation, now)
    return _refusal_by_task(situation, now) if is_waiting(situation.status) else None


def _refusal_by_task(situation: Situation, now: datetime) -> ScheduledTaskRunStatus | None:
    """Of one that was not admitted yet."""
    refusal, task = situation.refusal, situation.task
    if task.argument_problems:
        return _refused(situation, RunOutcome.REFUSED, Reason.BAD_ARGUMENTS, "; ".join(task.argument_problems), now)
    if task.is_paused and not _is_unanswered(situation):
        message = f"namespace {situation.run.task.namespace} is paused; ask again when it is not any more"
        return _refused(situation, RunOutcome.REFUSED, "NamespacePaused", message, now)
    if _deadline_passed(situation, now):
        message = f"its startingDeadlineSeconds, {task.deadline_seconds}, passed before it could be admitted"
        if refusal is not None:
            message += f": {refusal.message}"
        return _refused(situation, RunOutcome.REFUSED, Reason.DEADLINE, message, now)
    return None


def _without_task(situation: Situation, now: datetime) -> ScheduledTaskRunStatus | None:
    since = max(situation.run.created_at, situation.noticed_at)
    if now < since + timedelta(seconds=MISSING_SECONDS):
        return None
    if is_waiting(situation.status):
        message = f"{_no_task(situation)}; create it first, or name one that exists"
        return _refused(situation, RunOutcome.REFUSED, "UnknownScheduledTask", message, now)
    message = f"{_no_task(situation)} any more, and nothing was heard of the run"
    return _refused(situation, RunOutcome.LOST, Reason.RECORD_GONE, message, now)


def _deadline_passed(situation: Situation, now: datetime) -> bool:
    deadline_seconds = situation.task.deadline_seconds
    if deadline_seconds is None or _is_unanswered(situation):
        return False
    return now > situation.run.created_at + timedelta(seconds=deadline_seconds)


def _is_unanswered(situation: Situation) -> bool:
    """Then it may be admitted at this moment."""
    return situation.asked_at is not None and situation.refusal is None


def _ask_or_wait(situation: Situation, now: datetime) -> Decision:
    """Also of a run that was admitted before we looked: its answer is how it stands."""
    task = situation.task
    if not task.exists:
        return _wait(situation, "UnknownScheduledTask", f"{_no_task(situation)} yet", ASK_AGAIN_SECONDS, now)
    if task.waits_for:
        return _wait(situation, "NotReady", task.waits_for, ASK_AGAIN_SECONDS, now)
    if not situation.in_turn:
        return _wait(situation, "Waiting", "waiting: earlier requests come first", LOOK_AGAIN_SECONDS, now)
    return _ask(situation, now)


def _ask(situation: Situation, now: datetime) -> Decision:
    """An answer comes within a moment as a rule: before, there is nothing to write."""
    if situation.asked_at is None and situation.refusal is None:
        return Decision(situation.status, ask=True, again_seconds=ASK_AGAIN_SECONDS)
    reason, message = _why_it_waits(situation)
    left_seconds = 0.0
    if situation.asked_at is not None:
        left_seconds = ASK_AGAIN_SECONDS - (now - situation.asked_at).total_seconds()
    if left_seconds > 0 and situation.refusal is None:
        return Decision(situation.status, again_seconds=left_seconds)
    again_seconds = left_seconds if left_seconds > 0 else ASK_AGAIN_SECONDS
    return replace(_wait(situation, reason, message, again_seconds, now), ask=left_seconds <= 0)


def _why_it_waits(situation: Situation) -> tuple[str, str]:
    refusal = situation.refusal
    if refusal is None:
        return "Asked", "waiting: the scheduler was asked for it, and does not answer"
    if refusal.reason is Reason.OVERLAP:
        return refusal.reason, f"waiting: another run is active; {refusal.message}"
    return refusal.reason, f"waiting: {refusal.message}"


def _wait(situation: Situation, reason: str, message: str, again_seconds: float, now: datetime) -> Decision:
    if not is_waiting(situation.status):
        return Decision(situation.status, again_seconds=again_seconds)
    shown = ScheduledTaskRunStatus(
        state=RunProgress.PENDING, reason=reason, message=_cut(message), run_id=situation.run.run_id
    )
    deadline_seconds = situation.task.deadline_seconds
    if deadline_seconds is not None:
        left = situation.run.created_at + timedelta(seconds=deadline_seconds) - now
        again_seconds = min(again_seconds, max(left.total_seconds(), 0.0) + 0.1)
    return Decision(_with_conditions(shown, situation.status, now), again_seconds=again_seconds)


def _refused(
    situation: Situation, outcome: RunOutcome, reason: str, message: str, now: datetime
) -> ScheduledTaskRunStatus:
    before = situation.status
    shown = ScheduledTaskRunStatus(
        state=RunProgress.ENDED,
        outcome=outcome,
        reason=reason,
        message=_cut(message),
        run_id=situation.run.run_id,
        attempts=before.attempts,
        start_time=before.start_time,
        completion_time=_whole(now),
    )
    return _with_conditions(shown, before, now)


def _no_task(situation: Situation) -> str:
    return f"there is no ScheduledTask {situation.run.task}"


# --- how it is written


def _with_conditions(
    status: ScheduledTaskRunStatus, before: ScheduledTaskRunStatus, now: datetime
) -> ScheduledTaskRunStatus:
    succeeded = status.outcome == RunOutcome.SUCCEEDED
    found = {"Complete": succeeded, "Failed": status.ended and not succeeded}
    conditions = tuple(_condition(kind, holds, status, before, now) for kind, holds in found.items())
    return status.model_copy(update={"conditions": conditions})


def _condition(
    kind: str, holds: bool, status: ScheduledTaskRunStatus, before: ScheduledTaskRunStatus, now: datetime
) -> RunCondition:
    """Its time is that of its last transition."""
    value = str(holds)
    known = next((one for one in before.conditions if one.type == kind and one.status == value), None)
    return RunCondition(
        type=kind,
        status=value,
        reason=status.reason if holds else status.outcome or status.state,
        message=status.message if holds else None,
        last_transition_time=known.last_transition_time if known else _whole(now),
    )


def _time(unix_seconds: float | None) -> datetime | None:
    return None if unix_seconds is None else _whole(datetime.fromtimestamp(unix_seconds, UTC))


def _whole(moment: datetime) -> datetime:
    """Kubernetes writes whole seconds."""
    return moment.replace(microsecond=0)


def _cut(text: str) -> str | None:
    """In one line; None where nothing is said."""
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    return (text if len(text) <= MESSAGE_LIMIT_CHARACTERS else f"{text[: MESSAGE_LIMIT_CHARACTERS - 1]}…") or None
