"""Since when each schedule counts. It is kept in the resources' own status, so that it outlives any operator."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from scheduledtask_operator.cluster.client import Object
from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_workloads.contract import TaskKey


class StatusMemory:
    """What the loop remembers goes out with the status; what it finds there after a start it takes over.

    The leader decides. Whoever does not lead takes over what the leader wrote, so that it has the same slots.
    """

    def __init__(self, leads: Callable[[], bool]) -> None:
        self._leads = leads
        self._seen: dict[TaskKey, FirstSeen] = {}

    def first_seen(self, key: TaskKey) -> FirstSeen | None:
        return self._seen.get(key)

    def remember(self, key: TaskKey, seen: FirstSeen) -> None:
        self._seen[key] = seen

    def forget(self, key: TaskKey) -> None:
        self._seen.pop(key, None)

    def observe(self, key: TaskKey, written: FirstSeen | None) -> bool:
        """What stands in the resource's status; whether it changes what is remembered."""
        known = self._seen.get(key)
        if written is None or written == known:
            return False
        if known is not None and (self._leads() or not _same_rule(known, written)):
            return False
        self._seen[key] = written
        return True


def written_in(item: Object) -> FirstSeen | None:
    """None where nothing was written, or nothing that can be read."""
    metadata, status = item.get("metadata"), item.get("status")
    since = status.get("scheduleSince") if isinstance(status, dict) else None
    if not isinstance(metadata, dict) or not isinstance(since, dict):
        return None
    time, created = _instant(since.get("time")), _instant(metadata.get("creationTimestamp"))
    if time is None or created is None:
        return None
    return FirstSeen(created, time, str(since.get("rule") or ""), bool(since.get("suspended")))


def _instant(value: Any) -> datetime | None:
    """RFC 3339, as the API server has it."""
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return instant if instant.tzinfo is not None else None


def _same_rule(one: FirstSeen, other: FirstSeen) -> bool:
    return (one.rule, one.suspended) == (other.rule, other.suspended)
