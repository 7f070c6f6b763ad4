"""The reasons of the Events that the operator records, each with what it means and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EventType(StrEnum):
    NORMAL = "Normal"
    WARNING = "Warning"


class EventReason(StrEnum):
    """A program's word; the note beside it is a person's. A run that succeeds has none."""

    CLASS_DECIDED = "ClassDecided"
    CLASS_CHANGED = "ClassChanged"
    READY = "Ready"
    NOT_READY = "NotReady"
    RUN_FAILED = "RunFailed"
    RUN_TIMED_OUT = "RunTimedOut"
    RUN_LOST = "RunLost"
    RUN_RETRIED = "RunRetried"
    RUN_CANCELLED = "RunCancelled"
    RUN_NOT_FOUND = "RunNotFound"
    TRIGGER_STOPPED = "TriggerStopped"
    SLOTS_SKIPPED = "SlotsSkipped"
    POOL_SCALED_UP = "PoolScaledUp"
    POOL_SCALED_DOWN = "PoolScaledDown"
    WORKERS_NOT_STARTING = "WorkersNotStarting"
    WORKERS_RECOVERED = "WorkersRecovered"
    POOL_CONFLICT = "PoolConflict"
    LEADER_CHANGED = "LeaderChanged"


@dataclass(frozen=True, slots=True)
class EventNote:
    """`subject` is the kind of object that it is recorded on. `remedy` is empty where there is nothing to do."""

    type: EventType
    meaning: str
    remedy: str = ""
    subject: str = "ScheduledTask"


_NORMAL, _WARNING = EventType.NORMAL, EventType.WARNING

EVENT_NOTES: Mapping[EventReason, EventNote] = {
    EventReason.CLASS_DECIDED: EventNote(_NORMAL, "The engine that runs it was decided; the note says by what."),
    EventReason.CLASS_CHANGED: EventNote(
        _NORMAL, "The other engine runs it from now on.", "Write `spec.class` to hold it on one."
    ),
    EventReason.READY: EventNote(
        _NORMAL, "It can run, after it could not. A new one that can at once has no such event."
    ),
    EventReason.NOT_READY: EventNote(
        _WARNING,
        "It cannot run as it is written. The note begins with the condition's reason.",
        "As for that reason of the Ready condition.",
    ),
    EventReason.RUN_FAILED: EventNote(
        _WARNING, "A run failed, after all the attempts it had.", "The note has the error; `status.history` the runs."
    ),
    EventReason.RUN_TIMED_OUT: EventNote(
        _WARNING,
        "A run took longer than it may, and was ended.",
        "Raise `spec.timeoutSeconds`, or find out what it waits for.",
    ),
    EventReason.RUN_LOST: EventNote(
        _WARNING,
        "A run's host died under it more often than `spec.retry.onLost` allows.",
        "Look for workers that were out of memory or evicted.",
    ),
    EventReason.RUN_RETRIED: EventNote(_WARNING, "An attempt failed or was lost; the note says when the next one is."),
    EventReason.RUN_CANCELLED: EventNote(_NORMAL, "A run was cancelled."),
    EventReason.RUN_NOT_FOUND: EventNote(
        _WARNING,
        "The annotation `scheduledtask.dev/cancel` names a run that is not in flight.",
        "Take its id from `status.active`; a run that has ended needs no cancelling.",
    ),
    EventReason.TRIGGER_STOPPED: EventNote(
        _WARNING,
        "A run that should have followed another one was not started: too many triggers in a row had led to it.",
        "Triggers go round in a ring that no manifest shows, such as one that changed meanwhile; find and break it.",
    ),
    EventReason.SLOTS_SKIPPED: EventNote(
        _WARNING,
        "Slots were decided without a run; the note says why.",
        "For Overlap: give the runs more time between them, or write `concurrencyPolicy: Allow`. For the others, the "
        "operator or its workers were away or too busy, and `catchUp` and `startingDeadlineSeconds` decided.",
    ),
    EventReason.POOL_SCALED_UP: EventNote(_NORMAL, "Its pool gets more workers; the note says why."),
    EventReason.POOL_SCALED_DOWN: EventNote(_NORMAL, "Its pool gets fewer workers; the note says why."),
    EventReason.WORKERS_NOT_STARTING: EventNote(
        _WARNING,
        "Its pool's workers do not start; the note has Kubernetes' reason.",
        "As for the Degraded condition's reason of that name.",
    ),
    EventReason.WORKERS_RECOVERED: EventNote(_NORMAL, "Its pool's workers start again."),
    EventReason.POOL_CONFLICT: EventNote(
        _WARNING,
        "It asks for something that the pool which it shares does not give.",
        "As for the Degraded condition's reason of that name.",
    ),
    EventReason.LEADER_CHANGED: EventNote(_NORMAL, "Another replica of the operator leads.", subject="Lease"),
}
