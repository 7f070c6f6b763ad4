"""What the scheduler tells Prometheus, at an endpoint of its own; docs/metrics.md is the contract."""

import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from scheduledtask_workloads.scheduler.errors import PortInUseError
from scheduledtask_workloads.scheduler.fire_lag import BOUNDS_SECONDS, FireLag

CALL_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # 0.2: light goes on without
Gauges = Iterable[tuple[str, str, Callable[[], float]]]

logger = logging.getLogger(__name__)


class SchedulerMetrics:
    """Counted here: Redis' answers. Read at each scrape: `gauges` (name, help, value) and the fire lag."""

    def __init__(self, fire_lag: FireLag, gauges: Gauges) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of no use
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._calls = Histogram(
            "scheduledtask_redis_call_duration_seconds",
            "How long Redis' answers take, or how long we waited for none.",
            buckets=CALL_SECONDS,
            registry=self.registry,
        )
        self._outages = Counter(
            "scheduledtask_redis_outages", "Times at which Redis stopped answering.", registry=self.registry
        )
        self.registry.register(_Current(fire_lag, list(gauges)))

    def redis_asked(self, seconds: float) -> None:
        self._calls.observe(seconds)

    def redis_went_away(self) -> None:
        self._outages.inc()


@contextmanager
def served(registry: CollectorRegistry, port: int | None) -> Iterator[None]:
    """At `port` of all addresses, from a thread; 0 is any that is free, None serves nothing. Raises PortInUseError."""
    if port is None:
        yield
        return
    address = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104  # Prometheus asks from elsewhere
    try:
        server, thread = start_http_server(port, address, registry)
    except OSError as error:
        raise PortInUseError(f"--metrics-port {port}: {error}; give another") from error
    logger.info("metrics are served", extra={"metrics_port": server.server_port})
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Current(Collector):
    def __init__(self, fire_lag: FireLag, gauges: list[tuple[str, str, Callable[[], float]]]) -> None:
        self._fire_lag = fire_lag
        self._gauges = gauges

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        for name, help_text, read in self._gauges:
            yield GaugeMetricFamily(f"scheduledtask_{name}", help_text, value=float(read()))
        family = HistogramMetricFamily(
            "scheduledtask_fire_lag_seconds",
            "Slot, jitter included, to admitted and handed to an executor.",
            labels=("namespace", "class"),
        )
        bounds = [*map(str, BOUNDS_SECONDS), "+Inf"]
        for lags in self._fire_lag.lags():
            buckets = list(zip(bounds, map(float, lags.counts), strict=True))
            family.add_metric((lags.namespace, lags.task_class.value), buckets, lags.total_seconds)
        yield family
