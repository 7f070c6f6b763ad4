"""How urgent the difference between two statuses is."""

from collections.abc import Mapping
from typing import Any

from scheduledtask_operator.api.conditions import ConditionReason, ConditionType
from scheduledtask_operator.cluster.write_queue import Rank

_URGENT_FIELDS = ("observedGeneration", "class", "scheduleSince")
_FAILURE_FIELDS = ("lastFailureTime",)
_OF_ALL = frozenset({ConditionReason.REDIS_UNFIT, ConditionReason.REDIS_DOWN})
"""Of the installation, so on every task at once: no single one's failure is to wait behind them."""


def rank_of(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> Rank | None:
    """None when nothing differs.

    Progressing is routine: a light task changes it twice a run.
    """
    if before == wanted:
        return None
    if _differ(before, wanted, _URGENT_FIELDS, ConditionType.READY):
        return Rank.URGENT
    if _differ(before, wanted, _FAILURE_FIELDS, None if _is_of_all(before, wanted) else ConditionType.DEGRADED):
        return Rank.FAILURE
    return Rank.ROUTINE


def _is_of_all(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return any(condition_of(each, ConditionType.DEGRADED).get("reason") in _OF_ALL for each in (before, wanted))


def condition_of(status: Mapping[str, Any], type_: ConditionType) -> Mapping[str, Any]:
    """Empty when the status has none of that type."""
    return next((each for each in status.get("conditions", ()) if each.get("type") == type_), {})


def _differ(
    before: Mapping[str, Any], wanted: Mapping[str, Any], fields: tuple[str, ...], type_: ConditionType | None
) -> bool:
    if any(before.get(field) != wanted.get(field) for field in fields):
        return True
    if type_ is None:
        return False
    known, new = condition_of(before, type_), condition_of(wanted, type_)
    return any(known.get(field) != new.get(field) for field in ("status", "reason"))
