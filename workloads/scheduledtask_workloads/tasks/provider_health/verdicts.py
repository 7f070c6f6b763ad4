"""What was seen, and what follows from it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import quantiles

MESSAGE_LIMIT = 200  # characters of one endpoint's message
MESSAGES_LIMIT = 12_000  # of all together, so that a run's result stays small when everything is down


class Status(StrEnum):
    """`failing`: it failed, but not often enough in a row; `unknown`: the run ended before the probe did."""

    OK = "ok"
    FAILING = "failing"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """One probe. `message` is empty when all was as expected; `days_left` is a certificate's."""

    message: str
    latency_ms: float
    days_left: float | None = None


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """`consecutive_failures` counts over runs where there is a history; else it is 0 or 1."""

    name: str
    kind: str
    status: Status
    latency_ms: float | None
    consecutive_failures: int
    days_left: float | None
    message: str


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """`degraded` when an endpoint is, else `unknown` when one is, else `ok`. Percentiles are of what was ok."""

    status: Status
    at: datetime
    counts: dict[str, int]
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    endpoints: tuple[EndpointHealth, ...]

    def names(self, status: Status) -> list[str]:
        return [each.name for each in self.endpoints if each.status is status]


def judge(name: str, kind: str, seen: Observation | None, failures_before: int, threshold: int) -> EndpointHealth:
    """None: the probe did not come to its end, which says nothing about the endpoint."""
    if seen is None:
        message = "the run's time was over before the probe's"
        return EndpointHealth(name, kind, Status.UNKNOWN, None, failures_before, None, message)
    failures = failures_before + 1 if seen.message else 0
    status = Status.OK if not failures else Status.DEGRADED if failures >= threshold else Status.FAILING
    return EndpointHealth(name, kind, status, round(seen.latency_ms, 1), failures, seen.days_left, seen.message)


def summarised(at: datetime, judged: Sequence[EndpointHealth]) -> ProviderHealth:
    """All together, with messages cut to what a result holds."""
    counts = {status.value: sum(each.status is status for each in judged) for status in Status}
    latencies = [each.latency_ms for each in judged if each.status is Status.OK and each.latency_ms is not None]
    limit = min(MESSAGE_LIMIT, MESSAGES_LIMIT // max(1, sum(bool(each.message) for each in judged)))
    return ProviderHealth(
        status=next((bad for bad in (Status.DEGRADED, Status.UNKNOWN) if counts[bad]), Status.OK),
        at=at,
        counts=counts,
        latency_p50_ms=_percentile(latencies, 50),
        latency_p95_ms=_percentile(latencies, 95),
        endpoints=tuple(_cut(each, limit) for each in judged),
    )


def _percentile(values: list[float], percent: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return round(quantiles(values, n=100, method="inclusive")[percent - 1], 1)


def _cut(health: EndpointHealth, limit: int) -> EndpointHealth:
    message = health.message.encode("ascii", "backslashreplace").decode()  # a letter is a byte of the result
    text = message if len(message) <= limit else f"{message[: limit - 3]}..."
    return EndpointHealth(
        health.name,
        health.kind,
        health.status,
        health.latency_ms,
        health.consecutive_failures,
        health.days_left,
        text,
    )
