"""How an event is said, in one line."""

import json
import signal

from scheduledtask_operator.api import ScheduledTaskRun, ScheduledTaskRunStatus
from scheduledtask_operator.control.status import Condition, TaskStatus
from scheduledtask_operator.decisions.classification import Classification
from scheduledtask_operator.decisions.triggers import FollowingRun
from scheduledtask_operator.local.supervisor import ProcessEnded
from scheduledtask_workloads.contract import Reason, RunRecord, RunState, TaskClass, TaskKey
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.contract.quantity import format_duration

_UNREMARKABLE = frozenset({Reason.COMPLETED})
_MESSAGE_LENGTH = 160  # the rest is in the log
_RESULT_LENGTH = 160


def run_line(record: RunRecord) -> str:
    """Empty for a change that is of no interest to a person."""
    subject = f"{record.namespace}/{record.name}"
    if record.state is RunState.STARTED:
        return f"{subject} started{_attempt(record)}{_delay(record)}"
    if record.state is RunState.WAITING:
        return f"{subject} waits for its next attempt{_why(record)}"
    if record.state is RunState.SKIPPED:
        return f"{subject} skipped{_why(record)}"
    if record.state.final:
        return (
            f"{subject} {record.state}{_took(record)}{_attempt(record)}{_delay(record)}{_why(record)}{_result(record)}"
        )
    return ""


def skipped_line(skipped: SlotsSkipped) -> str:
    slots = "1 slot" if skipped.count == 1 else f"{skipped.count} slots"
    return f"{skipped.namespace}/{skipped.name} skipped {slots}: {skipped.reason}"


def condition_line(key: TaskKey, condition: Condition, classification: Classification | None) -> str:
    if condition.ready is False:
        return f"{key} not ready: {condition.reason}: {condition.message}"
    engine = f", {classification.task_class} ({classification.reason})" if classification else ""
    return f"{key} {condition.reason}{engine}"


def stopped_trigger_line(following: FollowingRun) -> str:
    cause = following.cause
    return f"{following.key} does not follow {cause.run_id}: {cause.depth - 1} triggers in a row led to it"


def refused_line(run: ScheduledTaskRun, status: ScheduledTaskRunStatus) -> str:
    return f"{run.metadata.namespace}/{run.metadata.name} of {run.spec.scheduled_task} refused: {status.message}"


def changed_line(status: TaskStatus) -> str:
    """For a task whose job is not what it was."""
    due = f"; next run {status.next_due:%H:%M:%S} UTC" if status.next_due else ""
    return f"{status.key} changed{due}"


def process_line(ended: ProcessEnded) -> str:
    how = f"killed by {signal.Signals(-ended.status).name}" if ended.status < 0 else f"exit code {ended.status}"
    again = "at once" if ended.again_seconds == 0 else f"in {format_duration(ended.again_seconds)}"
    return f"{ended.name} ended ({how}); starting it again {again}; its log is {ended.log_file}"


def delay_text(seconds: float) -> str:
    """A start delay may be a hair below zero: clocks of two processes."""
    return format_duration(max(0.0, seconds))


def _attempt(record: RunRecord) -> str:
    return f" in attempt {record.attempts}" if record.attempts > 1 else ""


def _took(record: RunRecord) -> str:
    return "" if record.duration_seconds is None else f" after {format_duration(record.duration_seconds)}"


def _delay(record: RunRecord) -> str:
    delay_seconds = record.start_delay_seconds
    return "" if delay_seconds is None else f", began {delay_text(delay_seconds)} after its slot"


def _result(record: RunRecord) -> str:
    """Of heavy ones: a light one comes every few seconds, and simply succeeds or fails."""
    if record.task_class is not TaskClass.HEAVY or record.result is None:
        return ""
    text = json.dumps(record.result)
    return f": {text if len(text) <= _RESULT_LENGTH else text[: _RESULT_LENGTH - 1] + '…'}"


def _why(record: RunRecord) -> str:
    if record.reason in _UNREMARKABLE:
        return ""
    message = " ".join(record.message.split())[:_MESSAGE_LENGTH]
    return f": {record.reason}" + (f": {message}" if message else "")
