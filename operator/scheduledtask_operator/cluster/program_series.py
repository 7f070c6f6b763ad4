"""The operator as a program: its queue, its reconciles, its requests, under the names that stock dashboards know."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from scheduledtask_operator.control.controller import QUEUE_WORKERS
from scheduledtask_operator.control.keyed_queue import KeyedQueue
from scheduledtask_workloads.contract import TaskKey

NAME = "scheduledtask"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is read at each scrape. `lease`: the name of the Lease."""

    queue: KeyedQueue[TaskKey]
    leads: Callable[[], bool]
    lease: str


class ProgramSeries:
    """What each replica tells of itself."""

    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        self._registry = registry
        ProcessCollector(registry=registry)
        Gauge("scheduledtask_build_info", "What runs; always 1.", ("version",), registry=registry).labels(version).set(
            1
        )
        self._connected = Gauge(
            "scheduledtask_scheduler_connected",
            "Whether this replica's scheduler answers; where none does nobody leads, and no status is written.",
            registry=registry,
        )
        self._reconciles = Counter(
            "controller_runtime_reconcile", "Reconciles.", ("controller", "result"), registry=registry
        )
        for result in ("success", "error"):
            self._reconciles.labels(NAME, result)
        self._errors = Counter(
            "controller_runtime_reconcile_errors", "Reconciles that failed.", ("controller",), registry=registry
        ).labels(NAME)
        self._seconds = _histogram(
            registry, "controller_runtime_reconcile_time", "Time a reconcile took.", "controller"
        )
        self._waited = _histogram(registry, "workqueue_queue_duration", "Time that a resource waited.", "name")
        self._worked = _histogram(registry, "workqueue_work_duration", "Time that a resource was worked on.", "name")
        self._requests = Counter(
            "rest_client_requests", "Requests to the API server.", ("code", "method"), registry=registry
        )
        self._request_seconds = Histogram(
            "rest_client_request_duration_seconds",
            "Time that the API server took.",
            ("verb",),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )

    def show(self, figures: Figures) -> None:
        """Once: also what is read at each scrape."""
        self._registry.register(_Current(figures))

    def scheduler_connected(self, connected: bool) -> None:
        self._connected.set(float(connected))

    def reconciled(self, result: str, waited_seconds: float, worked_seconds: float) -> None:
        self._reconciles.labels(NAME, result).inc()
        if result == "error":
            self._errors.inc()
        self._waited.observe(waited_seconds)
        self._seconds.observe(worked_seconds)
        self._worked.observe(worked_seconds)

    def requested(self, method: str, code: str, seconds: float) -> None:
        self._requests.labels(code, method).inc()
        self._request_seconds.labels(method).observe(seconds)


def _histogram(registry: CollectorRegistry, name: str, help_text: str, label: str) -> Histogram:
    histogram = Histogram(f"{name}_seconds", help_text, (label,), buckets=SECONDS, registry=registry)
    return histogram.labels(NAME)


class _Current(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        queue, working = self._figures.queue, self._figures.queue.working_seconds
        yield _gauge("leader_election_master_status", "Whether this replica leads.", self._leads(), self._figures.lease)
        yield _gauge("workqueue_depth", "Resources that wait for a reconcile.", queue.depth)
        yield _gauge("workqueue_unfinished_work_seconds", "Of the reconciles under way, together.", sum(working))
        yield _gauge(
            "workqueue_longest_running_processor_seconds", "Of the longest of them.", max(working, default=0.0)
        )
        for name, help_text, value in (
            ("active_workers", "Reconciles under way.", len(working)),
            ("max_concurrent_reconciles", "How many there may be.", QUEUE_WORKERS),
        ):
            yield _gauge(f"controller_runtime_{name}", help_text, value, label="controller")
        yield _counter("workqueue_adds", "Resources that came to wait.", queue.adds)
        yield _counter("workqueue_retries", "Resources that came again after a failure.", queue.retries)

    def _leads(self) -> bool:
        return self._figures.leads()


def _gauge(name: str, help_text: str, value: float, of: str = NAME, *, label: str = "name") -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=(label,))
    family.add_metric((of,), float(value))
    return family


def _counter(name: str, help_text: str, value: float) -> Metric:
    family = CounterMetricFamily(name, help_text, labels=("name",))
    family.add_metric((NAME,), float(value))
    return family
