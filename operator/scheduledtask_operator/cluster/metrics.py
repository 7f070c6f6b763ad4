"""What the operator measures, for `/metrics`. What a resource has is read from its status when somebody asks, so
nothing of it stays when it is gone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from scheduledtask_operator.control.keyed_queue import KeyedQueue
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status import Condition, PoolStatus, TaskStatus
from scheduledtask_operator.decisions.scaling import ScaleDecision
from scheduledtask_workloads.contract import RunRecord, RunState, TaskKey
from scheduledtask_workloads.contract.messages import SchedulerToControl, SlotsSkipped

QUEUE = {"name": "scheduledtask"}
CONTROLLER = {"controller": "scheduledtask"}
RECONCILE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
TASK_LABELS = ("namespace", "scheduledtask")
POOL_LABELS = ("namespace", "pool")


@dataclass(frozen=True, slots=True)
class Figures:
    """What is read at each scrape."""

    queue: KeyedQueue[TaskKey]
    leads: Callable[[], bool]
    lease: str


class Metrics:
    """A StatusSink and an Observer of the loop, which counts and remembers; `measured` is for its queue."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of no use
        self._led_since: float | None = None
        self.statuses: dict[TaskKey, TaskStatus] = {}
        self.registry = CollectorRegistry()
        self._runs = Counter(
            "scheduledtask_runs", "Runs that ended.", ("namespace", "class", "outcome"), registry=self.registry
        )
        self._missed = Counter(
            "scheduledtask_missed_runs",
            "Slots that were decided without a run.",
            ("namespace", "reason"),
            registry=self.registry,
        )
        self._connected = Gauge(
            "scheduledtask_scheduler_connected",
            "Whether this replica's scheduler answers; where none does nobody leads, and no status is written.",
            registry=self.registry,
        )
        self._reconciles = Counter(
            "controller_runtime_reconcile", "Reconciles.", ("controller", "result"), registry=self.registry
        )
        self._seconds = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "Time a reconcile took.",
            ("controller",),
            buckets=RECONCILE_SECONDS,
            registry=self.registry,
        )

    def show(self, figures: Figures) -> None:
        """Once: also what is read at each scrape."""
        self.registry.register(_Current(self.statuses, figures))

    def measured(self, result: str, seconds: float) -> None:
        self._reconciles.labels(**CONTROLLER, result=result).inc()
        self._seconds.labels(**CONTROLLER).observe(seconds)

    def leader_changed(self, leads: bool, now: datetime) -> None:
        self._led_since = now.timestamp() if leads else None

    def write(self, key: TaskKey, status: TaskStatus) -> None:
        self.statuses[key] = status

    def forget(self, key: TaskKey) -> None:
        self.statuses.pop(key, None)

    def run_changed(self, record: RunRecord) -> None:
        """Each run once in all replicas: a new leader is told again of what ended before it led."""
        ended = record.state.final and self._led_since is not None and (record.ended_at or 0.0) >= self._led_since
        if ended and record.state is not RunState.SKIPPED:
            labels = {"namespace": record.namespace, "class": str(record.task_class), "outcome": str(record.state)}
            self._runs.labels(**labels).inc()
        elif ended:
            self._missed.labels(namespace=record.namespace, reason=str(record.reason)).inc()

    def history_read(self, record: RunRecord) -> None:
        self.run_changed(record)

    def slots_skipped(self, skipped: SlotsSkipped) -> None:
        self._missed.labels(namespace=skipped.namespace, reason=str(skipped.reason)).inc(skipped.count)

    def pool_scaled(self, pool: PoolKey, before: int, decision: ScaleDecision) -> None:
        """Nothing: the pool's status says how many there are."""

    def condition_changed(self, key: TaskKey, condition: Condition) -> None:
        """Nothing: the status has it."""

    def scheduler_connected(self, connected: bool) -> None:
        """A replica whose scheduler is away can't lead, and where all are, no status says so."""
        self._connected.set(float(connected))

    def scheduler_said(self, message: SchedulerToControl) -> None:
        """Nothing: the loop tells what came of it."""


class _Current(Collector):
    """Made anew at each scrape."""

    def __init__(self, statuses: Mapping[TaskKey, TaskStatus], figures: Figures) -> None:
        self._statuses = statuses
        self._figures = figures

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        statuses = list(self._statuses.items())
        yield _info(statuses)
        yield from _tasks(statuses)
        yield from _pools(statuses)
        yield from _queue(self._figures.queue)
        lease = GaugeMetricFamily("leader_election_master_status", "Whether this replica leads.", labels=("name",))
        lease.add_metric((self._figures.lease,), float(self._figures.leads()))
        yield lease


Statuses = list[tuple[TaskKey, TaskStatus]]


def _info(statuses: Statuses) -> Metric:
    labels = (*TASK_LABELS, "class", "task", "schedule", "ready", "reason")
    family = GaugeMetricFamily("scheduledtask_info", "What a ScheduledTask is; always 1.", labels=labels)
    for key, status in statuses:
        job, condition = status.job, status.condition
        schedule = job.schedule.expression if job and job.schedule else ""
        ready = {True: "True", False: "False", None: "Unknown"}[condition.ready]
        task_class = str(job.task_class) if job else ""
        family.add_metric((*key, task_class, job.task if job else "", schedule, ready, condition.reason), 1.0)
    return family


def _tasks(statuses: Statuses) -> Iterator[Metric]:
    for name, help_text, read in _OF_TASK:
        family = GaugeMetricFamily(name, help_text, labels=TASK_LABELS)
        for key, status in statuses:
            value = read(status)
            if value is not None:
                family.add_metric(key, value)
        yield family
    outcome = GaugeMetricFamily(
        "scheduledtask_last_outcome", "How the last run ended; always 1.", labels=(*TASK_LABELS, "outcome")
    )
    for key, status in statuses:
        if status.runs.last is not None:
            outcome.add_metric((*key, str(status.runs.last.state)), 1.0)
    yield outcome


def _next_run(status: TaskStatus) -> float | None:
    return status.next_due.timestamp() if status.next_due else None


def _last_run(status: TaskStatus) -> float | None:
    started = [run.started_at for run in status.runs.active] + [run.started_at for run in status.runs.history]
    return max((moment for moment in started if moment is not None), default=None)


def _last_success(status: TaskStatus) -> float | None:
    ended = (run.ended_at for run in status.runs.history if run.state is RunState.SUCCEEDED)
    return next((moment for moment in ended if moment is not None), None)


def _suspended(status: TaskStatus) -> float:
    return float(status.job is not None and status.job.suspended)


def _active(status: TaskStatus) -> float:
    return float(len(status.runs.active))


_OF_TASK: tuple[tuple[str, str, Callable[[TaskStatus], float | None]], ...] = (
    ("scheduledtask_next_run_timestamp_seconds", "The coming slot.", _next_run),
    ("scheduledtask_last_run_timestamp_seconds", "When a body last began.", _last_run),
    ("scheduledtask_last_success_timestamp_seconds", "When a run last succeeded.", _last_success),
    ("scheduledtask_suspended", "1 while it is suspended.", _suspended),
    ("scheduledtask_active_runs", "Runs that have not ended.", _active),
)


def _pools(statuses: Statuses) -> Iterator[Metric]:
    pools = {(key.namespace, status.pool.pool): status.pool for key, status in statuses if status.pool is not None}
    for name, help_text, read in _OF_POOL:
        family = GaugeMetricFamily(name, help_text, labels=POOL_LABELS)
        for labels, pool in pools.items():
            value = read(pool)
            if value is not None:
                family.add_metric(labels, float(value))
        yield family


_OF_POOL: tuple[tuple[str, str, Callable[[PoolStatus], int | None]], ...] = (
    ("scheduledtask_pool_depth", "Runs that wait for a worker; absent while unknown.", lambda pool: pool.backlog),
    ("scheduledtask_pool_desired", "How many workers there should be.", lambda pool: pool.desired),
    ("scheduledtask_pool_ready", "How many workers are ready.", lambda pool: pool.ready),
)


def _queue(queue: KeyedQueue[TaskKey]) -> Iterator[Metric]:
    depth = GaugeMetricFamily("workqueue_depth", "Resources that wait for a reconcile.", labels=tuple(QUEUE))
    depth.add_metric(tuple(QUEUE.values()), float(queue.depth))
    yield depth
    for name, help_text, count in (
        ("workqueue_adds", "Resources that came to wait.", queue.adds),
        ("workqueue_retries", "Resources that came again after a failure.", queue.retries),
    ):
        family = CounterMetricFamily(name, help_text, labels=tuple(QUEUE))
        family.add_metric(tuple(QUEUE.values()), float(count))
        yield family
