"""The lines of /metrics that each task has.

Written here and not by prometheus-client, which makes an object of each line: for ten thousand tasks that took five
times as long (docs/benchmarks.md), in one piece, in the process that must renew its grant each second.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from scheduledtask_operator.cluster.task_tally import TaskTally
from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_workloads.contract import RunState, TaskKey

TASKS_A_PART = 500  # about 2 ms; other work has its turn in between
_SUCCESS_TIME = re.compile(rb'"lastSuccessTime":"([^"]+)"')


class TaskEntry(NamedTuple):
    """`succeeded_at`: Unix seconds, what the object's own status says, where no run that is known here did."""

    labels: str
    status: TaskStatus
    tally: TaskTally
    succeeded_at: float | None


class Gauge(NamedTuple):
    """One line a task, or none. Ten thousand tasks have 150,000 of them at each scrape, so they make no objects."""

    name: str
    help: str
    read: Callable[[TaskEntry], float | None]


class Labelled(NamedTuple):
    """Lines of a task with more labels, as `label` writes them, and their values."""

    name: str
    type: str
    help: str
    read: Callable[[TaskEntry], Iterable[tuple[str, float]]]


def task_labels(key: TaskKey) -> str:
    """Names of objects need no escaping."""
    return f'namespace="{key.namespace}",scheduledtask="{key.name}"'


def label(name: str, value: str) -> str:
    """One more label, behind others."""
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f',{name}="{escaped}"'


def family_text(name: str, kind: str, help_text: str, values: Iterable[tuple[str, float | None]]) -> str:
    """A whole family; `values` are labels and what stands behind them, None for no line."""
    return head(name, kind, help_text) + _lines(name, values)


def head(name: str, kind: str, help_text: str) -> str:
    return f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n"


def task_parts(entries: Sequence[TaskEntry]) -> Iterator[str]:
    """The text of every family, some hundred tasks a part."""
    slices = [entries[start : start + TASKS_A_PART] for start in range(0, len(entries), TASKS_A_PART)]
    for gauge in GAUGES:
        read = gauge.read
        yield head(gauge.name, "gauge", gauge.help)
        for each in slices:
            yield _lines(gauge.name, [(entry.labels, read(entry)) for entry in each])
    for family in LABELLED:
        yield head(family.name, family.type, family.help)
        for each in slices:
            yield _lines(
                family.name,
                [(entry.labels + more, value) for entry in each for more, value in family.read(entry)],
            )


def _lines(name: str, values: Iterable[tuple[str, float | None]]) -> str:
    return "".join([f"{name}{{{labels}}} {value}\n" for labels, value in values if value is not None])


# --- what is read


def _suspended(entry: TaskEntry) -> float:
    return 1 if entry.status.job is not None and entry.status.job.suspended else 0


def _next_run(entry: TaskEntry) -> float | None:
    return entry.status.next_due.timestamp() if entry.status.next_due else None


def _last_run(entry: TaskEntry) -> float | None:
    runs = entry.status.runs
    return max((run.started_at for each in (runs.active, runs.history) for run in each if run.started_at), default=None)


def _last_success(entry: TaskEntry) -> float | None:
    return known_success(entry.status) or entry.succeeded_at


def _since(entry: TaskEntry) -> float | None:
    return entry.status.seen.effective_from.timestamp() if entry.status.seen else None


def _oldest_attempt(entry: TaskEntry) -> float | None:
    active = entry.status.runs.active
    return min((run.started_at for run in active if run.state is RunState.STARTED and run.started_at), default=None)


def _timeout(entry: TaskEntry) -> float | None:
    return entry.status.job.timeout_seconds if entry.status.job else None


def _memory_limit(entry: TaskEntry) -> float | None:
    return entry.status.job.memory_limit_bytes if entry.status.job else None


def _last_duration(entry: TaskEntry) -> float | None:
    return entry.status.runs.last.duration_seconds if entry.status.runs.last else None


def _last_delay(entry: TaskEntry) -> float | None:
    delays = (run.start_delay_seconds for run in entry.status.runs.history)
    return next((delay for delay in delays if delay is not None), None)


def _last_memory(entry: TaskEntry) -> float | None:
    return entry.status.runs.last.peak_memory_bytes if entry.status.runs.last else None


def _info(entry: TaskEntry) -> Iterable[tuple[str, float]]:
    job, condition = entry.status.job, entry.status.condition
    schedule = job.schedule if job else None
    ready = "Unknown" if condition.ready is None else str(condition.ready)
    words = f',class="{job.task_class if job else ""}",pool="{job.pool if job else ""}",ready="{ready}"'
    said = label("schedule", schedule.expression if schedule else "") + label("task", job.task if job else "")
    zone = label("time_zone", schedule.time_zone if schedule else "")
    return ((f'{words},reason="{condition.reason}"{said}{zone}', 1),)


def _class_reason(entry: TaskEntry) -> Iterable[tuple[str, float]]:
    classification = entry.status.classification
    if classification is None:
        return ()
    return [(label("criterion", criterion.name), 1) for criterion in classification.deciding]


def _last_outcome(entry: TaskEntry) -> Iterable[tuple[str, float]]:
    last = entry.status.runs.last
    return () if last is None else ((f',outcome="{last.state}"', 1),)


def _missed(entry: TaskEntry) -> Iterable[tuple[str, float]]:
    return [(label("reason", reason), at) for reason, at in entry.tally.missed_at.items()]


def _outcomes(entry: TaskEntry) -> Iterable[tuple[str, float]]:
    return [(f',outcome="{outcome}"', count) for outcome, count in entry.tally.outcomes.items()]


def known_success(status: TaskStatus) -> float | None:
    """Of the runs that are known here."""
    return next((run.ended_at for run in status.runs.history if run.state is RunState.SUCCEEDED), None)


def written_success(packed_status: bytes) -> bytes | None:
    """`lastSuccessTime` of an object's status in JSON, without reading all of it."""
    found = _SUCCESS_TIME.search(packed_status)
    return found[1] if found else None


GAUGES = tuple(
    Gauge(f"scheduledtask_{name}", text, read)
    for name, text, read in (
        ("suspended", "1 while it is suspended, itself or with its namespace.", _suspended),
        ("active_runs", "Runs that have not ended.", lambda entry: len(entry.status.runs.active)),
        ("next_run_timestamp_seconds", "When its coming slot starts, jitter included.", _next_run),
        ("last_run_timestamp_seconds", "When a body of it last began.", _last_run),
        ("last_success_timestamp_seconds", "When a run last succeeded.", _last_success),
        ("since_timestamp_seconds", "Since when its present schedule counts.", _since),
        (
            "freshness_objective_seconds",
            "The age of the last success that is too much.",
            lambda entry: entry.status.freshness_seconds,
        ),
        (
            "failures_in_a_row",
            "Runs that failed, timed out or were lost since one succeeded.",
            lambda entry: entry.tally.failures_in_a_row,
        ),
        (
            "overdue_slot_timestamp_seconds",
            "Since when a slot is due that has neither a run nor a skip.",
            lambda entry: entry.tally.first_due,
        ),
        ("oldest_attempt_timestamp_seconds", "When the longest running of its bodies began.", _oldest_attempt),
        ("timeout_seconds", "How long a body may take.", _timeout),
        ("memory_limit_bytes", "How much memory a body may take.", _memory_limit),
        ("last_run_duration_seconds", "How long the last body took.", _last_duration),
        ("last_run_start_delay_seconds", "Slot to first line of the body, of the last run of a slot.", _last_delay),
        ("last_run_memory_bytes", "Peak of the last body's process tree.", _last_memory),
    )
)
LABELLED = tuple(
    Labelled(f"scheduledtask_{name}", kind, text, read)
    for name, kind, text, read in (
        ("info", "gauge", "What it is, and its Ready condition; always 1.", _info),
        ("class_reason", "gauge", "A criterion that speaks against light; always 1.", _class_reason),
        ("last_outcome", "gauge", "How the last run ended; always 1.", _last_outcome),
        ("last_missed_timestamp_seconds", "gauge", "When a slot was last decided without a run.", _missed),
        ("task_runs_total", "counter", "Runs that ended since this replica leads.", _outcomes),
    )
)
