"""The task `provider-health`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from scheduledtask_workloads.catalog import Profile, RunContext, task
from scheduledtask_workloads.tasks.provider_health.endpoints import ProviderHealthArguments
from scheduledtask_workloads.tasks.provider_health.errors import DegradedError
from scheduledtask_workloads.tasks.provider_health.verdicts import (
    ProviderHealth,
    Status,
    judge,
    summarised,
)

if TYPE_CHECKING:
    from scheduledtask_workloads.tasks.provider_health.databases import History

END_SECONDS = 2  # before the deadline, to write down what was seen


@task(
    "provider-health",
    light=True,
    profile=Profile(duration="30s", memory="100M", concurrency=1),
    imports=[
        "encodings.idna",
        "sqlalchemy",
        "sqlalchemy.dialects.sqlite",
        "scheduledtask_workloads.tasks.provider_health.probing",
    ],
)
def provider_health(context: RunContext, arguments: ProviderHealthArguments) -> ProviderHealth:
    """Probe endpoints over HTTP, TCP, DNS, TLS, Redis and SQL, a few at once."""
    from scheduledtask_workloads.tasks.provider_health.probing import probe_all

    at = datetime.now(UTC)
    history = _history(context, arguments)
    before = history.failures(context.run_id) if history else {}
    seen = probe_all(arguments.endpoints, arguments.at_once, arguments.timeout, _over(context))
    judged = [
        judge(endpoint.name, endpoint.kind, each, before.get(endpoint.name, 0), arguments.failure_threshold)
        for endpoint, each in zip(arguments.endpoints, seen, strict=True)
    ]
    if history:
        history.append(context.run_id, at, judged)
    health = summarised(at, judged)
    _tell(context, health)
    degraded = health.names(Status.DEGRADED)
    if degraded and arguments.fail_when_degraded:
        raise DegradedError(f"{len(degraded)} of {len(judged)} endpoints degraded: {', '.join(degraded)}")
    return health


def _history(context: RunContext, arguments: ProviderHealthArguments) -> "History | None":
    if arguments.history is None:
        return None
    from scheduledtask_workloads.tasks.provider_health.databases import History

    return History(arguments.history, f"{context.namespace}/{context.name}", arguments.timeout)


def _over(context: RunContext) -> Callable[[], bool]:
    end = context.deadline - timedelta(seconds=END_SECONDS)
    return lambda: context.cancelled() or datetime.now(UTC) >= end


def _tell(context: RunContext, health: ProviderHealth) -> None:
    for each in health.endpoints:
        if each.message:
            context.logger.warning("%s is %s: %s", each.name, each.status, each.message)
    context.logger.info("status %s; %s", health.status, ", ".join(f"{n} {name}" for name, n in health.counts.items()))
