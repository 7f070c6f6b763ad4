"""Runs by namespace and class, counted once each from their final records."""

from collections import Counter as Tally
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram

from scheduledtask_operator.cluster.task_tally import jitter_seconds
from scheduledtask_operator.control.due import schedule_rule
from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_workloads.contract import Reason, RunRecord, RunState, TaskClass, TaskKey
from scheduledtask_workloads.schedule import due_time
from scheduledtask_workloads.schedule.instants import from_epoch

DURATION_SECONDS = (0.1, 0.5, 1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 43200)  # a probe to a long training
DELAY_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800)  # a light one to a node that starts
OUTCOMES = tuple(state for state in RunState if state.final and state is not RunState.SKIPPED)
MISSES = (Reason.OVERLAP, Reason.DEADLINE, Reason.COALESCED, Reason.NOT_CAUGHT_UP)


class RunSeries:
    """A namespace has series while it has tasks. What may be counted is there from the start, at zero."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._classes: Tally[tuple[str, TaskClass]] = Tally()
        self._ended = Counter(
            "scheduledtask_runs", "Runs that ended.", ("namespace", "class", "outcome"), registry=registry
        )
        self._missed = Counter(
            "scheduledtask_missed_runs",
            "Slots that were decided without a run.",
            ("namespace", "reason"),
            registry=registry,
        )
        self._duration = Histogram(
            "scheduledtask_run_duration_seconds",
            "First line of the body to its end, of the last attempt.",
            ("namespace", "class"),
            buckets=DURATION_SECONDS,
            registry=registry,
        )
        self._delay = Histogram(
            "scheduledtask_start_delay_seconds",
            "Slot, jitter included, to first line of the body; of runs of one attempt.",
            ("namespace", "class"),
            buckets=DELAY_SECONDS,
            registry=registry,
        )

    def begin(self) -> None:
        """Count from zero."""
        for metric in (self._ended, self._missed, self._duration, self._delay):
            metric.clear()
        for namespace, task_class in self._classes:
            self._expect(namespace, task_class)

    def task_changed(self, key: TaskKey, before: TaskStatus | None, after: TaskStatus | None) -> None:
        """`None`: there was none, or is none any more."""
        old, new = _class_of(before), _class_of(after)
        if old is new:
            return
        if new is not None:
            self._classes[key.namespace, new] += 1
            self._expect(key.namespace, new)
        if old is not None:
            self._classes[key.namespace, old] -= 1
            self._forget_unused(key.namespace, old)

    def ended(self, record: RunRecord, status: TaskStatus) -> None:
        """`record` is final."""
        namespace, task_class = record.namespace, str(record.task_class)
        if record.state is RunState.SKIPPED:
            self.missed(namespace, record.reason, 1)
            return
        self._ended.labels(namespace, task_class, str(record.state)).inc()
        if record.duration_seconds is not None:
            self._duration.labels(namespace, task_class).observe(max(0.0, record.duration_seconds))
        delay_seconds = start_delay_seconds(record, status)
        if delay_seconds is not None and record.attempts <= 1:
            self._delay.labels(namespace, task_class).observe(delay_seconds)

    def missed(self, namespace: str, reason: str, count: int) -> None:
        self._missed.labels(namespace, str(reason)).inc(count)

    def _expect(self, namespace: str, task_class: TaskClass) -> None:
        for outcome in OUTCOMES:
            self._ended.labels(namespace, str(task_class), str(outcome))
        for reason in MISSES:
            self._missed.labels(namespace, str(reason))
        for histogram in (self._duration, self._delay):
            histogram.labels(namespace, str(task_class))

    def _forget_unused(self, namespace: str, task_class: TaskClass) -> None:
        if self._classes[namespace, task_class] > 0:
            return
        del self._classes[namespace, task_class]
        for metric in (self._ended, self._duration, self._delay):
            metric.remove_by_labels({"namespace": namespace, "class": str(task_class)})
        if not any((namespace, other) in self._classes for other in TaskClass):
            self._missed.remove_by_labels({"namespace": namespace})


def start_delay_seconds(record: RunRecord, status: TaskStatus) -> float | None:
    """From the moment at which its slot was due, jitter included; None of a run that was asked for."""
    if record.start_delay_seconds is None or record.slot_epoch_seconds is None:
        return None
    jitter = jitter_seconds(status)
    if not jitter or status.job is None or status.job.schedule is None:
        return max(0.0, record.start_delay_seconds)
    slot: datetime = from_epoch(record.slot_epoch_seconds)
    rule = schedule_rule(status.key, status.job.schedule)
    due_at = due_time(rule, slot, jitter_seconds=jitter, identity=str(status.key))
    return max(0.0, record.start_delay_seconds - (due_at - slot).total_seconds())


def _class_of(status: TaskStatus | None) -> TaskClass | None:
    return status.job.task_class if status is not None and status.job is not None else None
