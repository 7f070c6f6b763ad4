"""What was measured, judged against limits."""

from dataclasses import dataclass
from enum import StrEnum


class HealthStatus(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"


class DegradedError(Exception):
    """`fail_when_degraded`, and it is; names the checks."""


@dataclass(frozen=True, slots=True)
class Check:
    """One measure and its limit; `ok` while the value is at or below it. `note` says why there is no value."""

    name: str
    value: float | None
    limit: float
    unit: str
    ok: bool
    note: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name} is not known: {self.note}"
        return f"{self.name} is {self.value} {self.unit}, above {self.limit}"


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


def unknown(name: str, limit: float, unit: str, note: str) -> Check:
    """What could not be measured is not well."""
    return Check(name, None, limit, unit, ok=False, note=note)


def judge(checks: tuple[Check, ...]) -> Health:
    healthy = all(each.ok for each in checks)
    return Health(HealthStatus.OK if healthy else HealthStatus.DEGRADED, checks)
