"""The conditions of a ScheduledTask and every reason they give, each with what it means and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ConditionType(StrEnum):
    """Ready: can it run. Progressing: is it at work, or about to be. Degraded: does it run worse than it should."""

    READY = "Ready"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"


class ConditionStatus(StrEnum):
    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class ConditionReason(StrEnum):
    """A program's word; the message beside it is a person's."""

    SCHEDULED = "Scheduled"
    ON_DEMAND = "OnDemand"
    TRIGGERED = "Triggered"
    SUSPENDED = "Suspended"
    NAMESPACE_PAUSED = "NamespacePaused"
    NO_MORE_SLOTS = "NoMoreSlots"
    CATALOG_PENDING = "CatalogPending"
    BAD_MANIFEST = "BadManifest"
    UNKNOWN_TASK = "UnknownTask"
    BAD_ARGUMENTS = "BadArguments"
    NOT_FIT_FOR_LIGHT = "NotFitForLight"
    LIGHT_NOT_ALLOWED = "LightNotAllowed"
    SECRET_NOT_READABLE = "SecretNotReadable"  # noqa: S105
    TRIGGER_CYCLE = "TriggerCycle"
    RUNNING = "Running"
    RETRY_PENDING = "RetryPending"
    WORKERS_STARTING = "WorkersStarting"
    IDLE = "Idle"
    REDIS_UNFIT = "RedisUnfit"
    REDIS_DOWN = "RedisDown"
    WORKERS_NOT_STARTING = "WorkersNotStarting"
    RUNS_FAILING = "RunsFailing"
    POOL_CONFLICT = "PoolConflict"
    AS_EXPECTED = "AsExpected"


@dataclass(frozen=True, slots=True)
class ReasonNote:
    """Where a reason stands, and what a person wants to know of it. `remedy` is empty where there is nothing to do."""

    type: ConditionType
    status: ConditionStatus
    meaning: str
    remedy: str = ""


_READY, _NOT_READY = (ConditionType.READY, ConditionStatus.TRUE), (ConditionType.READY, ConditionStatus.FALSE)
_UNKNOWN = (ConditionType.READY, ConditionStatus.UNKNOWN)
_BUSY, _QUIET = (ConditionType.PROGRESSING, ConditionStatus.TRUE), (ConditionType.PROGRESSING, ConditionStatus.FALSE)
_WORSE, _WELL = (ConditionType.DEGRADED, ConditionStatus.TRUE), (ConditionType.DEGRADED, ConditionStatus.FALSE)

REASON_NOTES: Mapping[ConditionReason, ReasonNote] = {
    ConditionReason.SCHEDULED: ReasonNote(*_READY, "It runs at its slots; `status.nextRunTime` is the coming one."),
    ConditionReason.ON_DEMAND: ReasonNote(
        *_READY, "It has no schedule, and runs when it is asked for.", "Ask for a run with a ScheduledTaskRun."
    ),
    ConditionReason.TRIGGERED: ReasonNote(
        *_READY, "It has no schedule, and runs when another one's run ends as `spec.triggers` says."
    ),
    ConditionReason.SUSPENDED: ReasonNote(
        *_READY,
        "`spec.suspend` is true: no slot starts, and no trigger. Runs that are asked for do.",
        "Set `spec.suspend` to false; slots and triggers missed meanwhile are not caught up.",
    ),
    ConditionReason.NAMESPACE_PAUSED: ReasonNote(
        *_READY,
        'Its namespace has the annotation `scheduledtask.dev/paused: "true"`: no slot starts, and runs that are asked '
        "for are refused. Runs in flight go on.",
        "`kubectl annotate namespace NAME scheduledtask.dev/paused-` ends it. Slots missed meanwhile are not caught "
        "up.",
    ),
    ConditionReason.NO_MORE_SLOTS: ReasonNote(
        *_READY,
        "Its schedule has no slot to come: the time after `@at` is past, or no date is ever as the expression says.",
        "Change `spec.schedule`, or delete it.",
    ),
    ConditionReason.CATALOG_PENDING: ReasonNote(
        *_UNKNOWN,
        "What tasks its image holds is not known yet. A version that was accepted before goes on meanwhile.",
        "Wait; when it stays so, the message says what is awaited, such as an image that cannot be pulled.",
    ),
    ConditionReason.BAD_MANIFEST: ReasonNote(
        *_NOT_READY,
        "The spec cannot be used. The version before it, where there is one, stays in force.",
        "The message names field, value and fix.",
    ),
    ConditionReason.UNKNOWN_TASK: ReasonNote(
        *_NOT_READY,
        "`spec.task` is in no catalog, or it is heavy and in that of the runners alone. The version before it, where "
        "there is one, stays in force.",
        "Write one of the names that the message lists, or an image that holds the task into `spec.worker.image`.",
    ),
    ConditionReason.BAD_ARGUMENTS: ReasonNote(
        *_NOT_READY,
        "`spec.arguments` does not fit the task's schema. The version before it, where there is one, stays in force.",
        "The message names each argument, its value and the fix.",
    ),
    ConditionReason.NOT_FIT_FOR_LIGHT: ReasonNote(
        *_NOT_READY,
        "`spec.class` asks for the light engine, and the task does not declare itself fit for it, or is that of "
        "`spec.worker.image`.",
        "Write Auto or Heavy, or declare the task with `light=True` and build it into the runners' image.",
    ),
    ConditionReason.TRIGGER_CYCLE: ReasonNote(
        *_NOT_READY,
        "Its `spec.triggers` lead back to it. None of the triggers of such a ring starts a run.",
        "The message names the ring; take a trigger out of one of its members.",
    ),
    ConditionReason.LIGHT_NOT_ALLOWED: ReasonNote(
        *_NOT_READY,
        "It would run light, and the platform team has not listed it: the runners of light tasks are shared by all "
        "namespaces, so only the built-in tasks are everybody's.",
        "Ask the platform team to list NAMESPACE/TASK (the operator's `--light-allow`), or write `class: Heavy`, and "
        "of a task that only the runners' image has an image that has it into `spec.worker.image`.",
    ),
    ConditionReason.SECRET_NOT_READABLE: ReasonNote(
        *_NOT_READY,
        "An argument of a light task refers to a Secret that is not there, or that its namespace does not let the "
        "operator read. A version that was accepted before goes on; of its runs those fail that need the value.",
        "The message has the reference and the fix, such as the `kubectl create rolebinding` to run. See secrets.md.",
    ),
    ConditionReason.RUNNING: ReasonNote(*_BUSY, "A run was admitted and has not ended; `status.active` lists them."),
    ConditionReason.RETRY_PENDING: ReasonNote(
        *_BUSY, "An attempt failed or was lost, and its run waits for the next one."
    ),
    ConditionReason.WORKERS_STARTING: ReasonNote(
        *_BUSY, "Fewer of its pool's workers are ready than there should be; `status.worker` says how many."
    ),
    ConditionReason.IDLE: ReasonNote(*_QUIET, "No run is active, and no worker is awaited."),
    ConditionReason.REDIS_UNFIT: ReasonNote(
        *_WORSE,
        "The installation's Redis cannot be relied on, or not be reached for a reason that no waiting mends. Runs go "
        "on as far as they can.",
        "The message says what is wrong with it, and what to set; whoever runs the installation can.",
    ),
    ConditionReason.REDIS_DOWN: ReasonNote(
        *_WORSE,
        "The installation's Redis has not answered for 15 seconds or more. Light slots go on without it; heavy slots "
        "and runs that are asked for wait, and bodies that run go on. It is taken back when Redis has answered for as "
        "long.",
        "Wait, or tell whoever runs the installation: runbooks/redis-unreachable.md. What waits is made up for as "
        "`catchUp` and `startingDeadlineSeconds` say.",
    ),
    ConditionReason.WORKERS_NOT_STARTING: ReasonNote(
        *_WORSE,
        "Its pool's workers do not start. The message has the reason as Kubernetes gives it.",
        "Lower `spec.profile.memory`, give the cluster a node that holds such a pod, or mend the image or the pod "
        "template that the message names. Runs wait meanwhile, as long as `startingDeadlineSeconds` lets them.",
    ),
    ConditionReason.RUNS_FAILING: ReasonNote(
        *_WORSE,
        "Its last run failed, timed out or was lost; the message says how many in a row, and why the last one.",
        "`status.history` and the events have the runs. The next run that succeeds ends it.",
    ),
    ConditionReason.POOL_CONFLICT: ReasonNote(
        *_WORSE,
        "It shares a pool with others that ask for another image or pod template, and gets theirs.",
        "Give all of the pool the same, or this one a `spec.worker.pool` of its own.",
    ),
    ConditionReason.AS_EXPECTED: ReasonNote(*_WELL, "Nothing is known that is not as it should be."),
}
