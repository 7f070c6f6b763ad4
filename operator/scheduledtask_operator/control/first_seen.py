"""Since when a schedule counts: the moment its rule was first seen, or its suspension lifted."""

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
    """Only slots strictly after it are due."""
    rule: str
    """A fingerprint of the fields that make the slots."""
    suspended: bool


def look(seen: FirstSeen | None, spec: ScheduledTaskSpec, now: datetime) -> FirstSeen:
    """What is to be remembered after seeing `spec` at `now`; equal to `seen` when nothing changed."""
    rule = rule_fingerprint(spec)
    if seen is None:
        return FirstSeen(created_at=now, effective_from=now, rule=rule, suspended=spec.suspend)
    renewed = rule != seen.rule or (seen.suspended and not spec.suspend)
    return replace(
        seen,
        effective_from=now if renewed else seen.effective_from,
        rule=rule,
        suspended=spec.suspend,
    )


def rule_fingerprint(spec: ScheduledTaskSpec) -> str:
    """Equal for specs with the same slots."""
    fields = (spec.schedule or "", spec.time_zone, str(spec.dst_policy))
    return hashlib.sha256("\0".join(fields).encode()).hexdigest()[:16]
