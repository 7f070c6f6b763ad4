"""Since when a schedule and triggers count: the moment they were first seen, or their suspension lifted."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from scheduledtask_operator.api import ScheduledTaskSpec


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """What is remembered of one resource between restarts."""

    created_at: datetime
    """When the resource was first seen; `@every` counts from it."""
    effective_from: datetime
    """Only slots strictly after it are due, and only runs that end from then on are followed."""
    rule: str
    """A fingerprint of the fields that make the slots, and of the triggers."""
    suspended: bool


def look(seen: FirstSeen | None, spec: ScheduledTaskSpec, now: datetime, *, is_paused: bool = False) -> FirstSeen:
    """What is to be remembered after seeing `spec` at `now`; equal to `seen` when nothing changed.

    `is_paused`: its namespace is, which is as if each of its tasks were suspended.
    """
    rule, suspended = rule_fingerprint(spec), spec.suspend or is_paused
    if seen is None:
        return FirstSeen(created_at=now, effective_from=now, rule=rule, suspended=suspended)
    renewed = rule != seen.rule or (seen.suspended and not suspended)
    return replace(
        seen,
        effective_from=now if renewed else seen.effective_from,
        rule=rule,
        suspended=suspended,
    )


def rule_fingerprint(spec: ScheduledTaskSpec) -> str:
    """Equal for specs with the same slots and the same triggers."""
    triggers = sorted(f"{each.scheduled_task} {' '.join(sorted(each.outcomes))}" for each in spec.triggers)
    fields = (spec.schedule or "", spec.time_zone, str(spec.dst_policy), *triggers)
    return hashlib.sha256("\0".join(fields).encode()).hexdigest()[:16]
