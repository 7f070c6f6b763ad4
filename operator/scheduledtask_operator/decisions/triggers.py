"""Which runs follow from a run's end, and which ScheduledTasks trigger each other in a ring: pure."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scheduledtask_operator.api import Trigger
from scheduledtask_workloads.contract import RunRecord, TaskKey, TriggeredBy
from scheduledtask_workloads.contract.identity import run_artifacts_url, triggered_run_name

DEPTH_LIMIT = 16
"""Triggers in a row. Chains that people write have three or four; a ring that no manifest shows would go on."""
LATE_SECONDS = 12 * 3600.0
"""How long after its end a run is still followed. The ledger knows for a day which runs were asked for: within half of
it a run that was followed before, and is told of anew, is never followed twice."""
RESULT_LIMIT_BYTES = 4096  # as JSON: it stands in an object's spec
_MESSAGE_LIMIT_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Follower:
    """A ScheduledTask with triggers. `since`: runs that ended before are not followed; None while it follows nothing,
    as it is suspended, in a ring, or was not looked at yet.
    """

    key: TaskKey
    triggers: tuple[Trigger, ...]
    since: datetime | None


@dataclass(frozen=True, slots=True)
class FollowingRun:
    """`name` is the idempotency key: the same for the same ended run, whoever asks and whenever."""

    key: TaskKey
    name: str
    cause: TriggeredBy

    @property
    def too_deep(self) -> bool:
        return self.cause.depth > DEPTH_LIMIT


def runs_that_follow(
    ended: RunRecord, followers: Iterable[Follower], artifacts_url: str, now: datetime
) -> list[FollowingRun]:
    """One for each follower whose triggers name the task and the outcome; those that are `too_deep` are not to be run.

    `artifacts_url` is that of the task that ended. What has not ended, or long ago, is followed by nothing.
    """
    if not ended.state.final or ended.ended_at is None:
        return []
    if ended.ended_at < (now - timedelta(seconds=LATE_SECONDS)).timestamp():
        return []
    parent = TaskKey(ended.namespace, ended.name)
    cause = _cause(ended, run_artifacts_url(artifacts_url, parent, ended.run_id))
    return [
        FollowingRun(follower.key, triggered_run_name(parent, ended.run_id, follower.key.name), cause)
        for follower in followers
        if _follows(follower, ended, ended.ended_at)
    ]


def ring_through(key: TaskKey, triggers_of: Callable[[TaskKey], Iterable[TaskKey]]) -> tuple[TaskKey, ...]:
    """The shortest way from a task through those that it triggers back to itself; empty when there is none.

    `triggers_of` gives the tasks whose ends start one. Outcomes make no difference: a ring that is closed by failures
    alone goes round as long as the cause of the failures lasts.
    """
    started_by: dict[TaskKey, TaskKey] = {}
    level = [key]
    while level:
        above = [(parent, child) for child in level for parent in triggers_of(child)]
        level = []
        for parent, child in above:
            if parent == key:
                return (key, *_way_down(child, key, started_by), key)
            if parent not in started_by:
                started_by[parent] = child
                level.append(parent)
    return ()


def _way_down(first: TaskKey, last: TaskKey, started_by: dict[TaskKey, TaskKey]) -> Iterable[TaskKey]:
    """From `first` to what it starts, and so on, up to `last`, which is left out."""
    while first != last:
        yield first
        first = started_by[first]


def _follows(follower: Follower, ended: RunRecord, ended_at: float) -> bool:
    if follower.since is None or ended_at < follower.since.timestamp():
        return False
    if follower.key.namespace != ended.namespace:
        return False
    named = [trigger for trigger in follower.triggers if trigger.scheduled_task == ended.name]
    return any(ended.state.value in set(trigger.outcomes) for trigger in named)


def _cause(ended: RunRecord, artifacts_url: str) -> TriggeredBy:
    return TriggeredBy(
        scheduled_task=ended.name,
        run_id=ended.run_id,
        outcome=ended.state,
        reason=ended.reason,
        message=ended.message[:_MESSAGE_LIMIT_CHARACTERS],
        result=_small(ended.result),
        attempts=ended.attempts,
        slot_epoch_seconds=ended.slot_epoch_seconds,
        started_at=ended.started_at,
        ended_at=ended.ended_at,
        artifacts_url=artifacts_url,
        depth=ended.trigger_depth + 1,
    )


def _small(result: Any) -> Any:
    try:
        return result if len(json.dumps(result, allow_nan=False).encode()) <= RESULT_LIMIT_BYTES else None
    except ValueError:  # not a number, which JSON has no word for
        return None
