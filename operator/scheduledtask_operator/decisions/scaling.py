"""How many workers a pool should have now, and why."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PREWARM_MARGIN_FACTOR = 1.25  # over the observed lead time: the next start may be slower than the last ones
PREWARM_MARGIN_SECONDS = 1.0  # the loop that asks runs once a second
HOLD_FACTOR = 1.5  # over the time in which a slot asks for a worker: one that goes now would come back at once
JUST_DUE_SECONDS = 5.0  # a slot this old may not be in the queue's depth yet


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What the resources of a pool allow."""

    min_replicas: int
    max_replicas: int
    idle_seconds: float
    runs_per_replica: int = 1


@dataclass(frozen=True, slots=True)
class PoolObservation:
    """What is known of a pool. `ready` and `unacked` are None when they could not be read, which never means zero."""

    replicas: int
    ready: int | None
    unacked: int | None
    upcoming: Sequence[datetime]  # slots from JUST_DUE_SECONDS ago on, one for each run to come
    lead_time_seconds: float  # from the decision to a worker that takes messages
    busy_at: datetime | None  # when it last had work, or was last scaled up; None: never


class ScaleCause(StrEnum):
    """A program's word for the reason beside it. The last three keep workers that are too many."""

    BACKLOG = "backlog"
    UPCOMING = "upcoming"
    MINIMUM = "minimum"
    NOTHING = "nothing"
    UNKNOWN = "unknown"
    IDLE_TIME = "idle-time"
    NEXT_SLOT = "next-slot"
    BUSY = "busy"


HOLDING = (ScaleCause.IDLE_TIME, ScaleCause.NEXT_SLOT, ScaleCause.BUSY)


@dataclass(frozen=True, slots=True)
class ScaleDecision:
    desired: int
    reason: str
    cause: ScaleCause = ScaleCause.NOTHING


def decide_scale(limits: PoolLimits, pool: PoolObservation, now: datetime) -> ScaleDecision:
    """Up at once for what waits and for the slots inside the lead time; down only when idle long enough."""
    if pool.ready is None or pool.unacked is None:
        return ScaleDecision(pool.replicas, "the queue's depth is unknown; holding", ScaleCause.UNKNOWN)
    wanted = _demand(limits, pool.ready + pool.unacked, pool, now)
    if wanted.desired >= pool.replicas:
        return wanted
    return _hold_reason(limits, pool, now) or wanted


def _demand(limits: PoolLimits, backlog: int, pool: PoolObservation, now: datetime) -> ScaleDecision:
    for_backlog = math.ceil(backlog / limits.runs_per_replica)
    coming = _slots_within(pool, _prewarm_seconds(pool), now)
    for_slots = math.ceil(coming / limits.runs_per_replica)
    desired = min(max(for_backlog, for_slots, limits.min_replicas), limits.max_replicas)
    if not desired:
        return ScaleDecision(0, "nothing waits and no slot is near")
    if for_slots > for_backlog and for_slots > limits.min_replicas:
        reason = f"{coming} slot(s) within the lead time of {pool.lead_time_seconds:.1f} s"
        return ScaleDecision(desired, reason, ScaleCause.UPCOMING)
    if for_backlog > limits.min_replicas:
        return ScaleDecision(desired, f"{backlog} run(s) waiting or running", ScaleCause.BACKLOG)
    return ScaleDecision(desired, f"minReplicas {limits.min_replicas}", ScaleCause.MINIMUM)


def _hold_reason(limits: PoolLimits, pool: PoolObservation, now: datetime) -> ScaleDecision | None:
    if pool.busy_at is not None:
        idle_seconds = (now - pool.busy_at).total_seconds()
        if idle_seconds < limits.idle_seconds:
            reason = f"idle, but for less than {limits.idle_seconds:g} s"
            return ScaleDecision(pool.replicas, reason, ScaleCause.IDLE_TIME)
    if _slots_within(pool, HOLD_FACTOR * _prewarm_seconds(pool), now):
        return ScaleDecision(pool.replicas, "the next slot is nearer than a cold start", ScaleCause.NEXT_SLOT)
    return None


def _prewarm_seconds(pool: PoolObservation) -> float:
    return pool.lead_time_seconds * PREWARM_MARGIN_FACTOR + PREWARM_MARGIN_SECONDS


def _slots_within(pool: PoolObservation, seconds: float, now: datetime) -> int:
    """Slots just due count: their messages may not be in the queue's depth yet."""
    earliest, latest = now - timedelta(seconds=JUST_DUE_SECONDS), now + timedelta(seconds=seconds)
    return sum(earliest < slot <= latest for slot in pool.upcoming)
