"""What was measured, judged against limits."""

from dataclasses import dataclass
from enum import StrEnum


class HealthStatus(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class Check:
    """One measure and its limit; `ok` while the value is at or below it."""

    name: str
    value: float
    limit: float
    unit: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Health:
    """`degraded` when any check is not ok."""

    status: HealthStatus
    checks: tuple[Check, ...]

    @property
    def failing(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.ok)


def check(name: str, value: float, limit: float, unit: str) -> Check:
    return Check(name, round(value, 2), limit, unit, value <= limit)


def judge(checks: tuple[Check, ...]) -> Health:
    healthy = all(each.ok for each in checks)
    return Health(HealthStatus.OK if healthy else HealthStatus.DEGRADED, checks)
