"""What `dev --for` says at its end: for each task, what was due, ran, was doubled, was lost."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from rich.table import Table

from scheduledtask_operator.local.body_journal import BodyJournal
from scheduledtask_operator.local.due_tally import DueTally
from scheduledtask_workloads.contract import TaskKey
from scheduledtask_workloads.contract.quantity import format_duration


@dataclass(frozen=True, slots=True)
class TaskSummary:
    """`due`: slots that were not skipped. `ran`: those of them with a final record. `lost` = due - ran.

    `doubled`: those with overlapping bodies, or with more than one that completed. Delays are in seconds.
    `on_demand`: how the runs of no slot ended, those that were asked for or triggered.
    """

    namespace: str
    name: str
    task_class: str
    due: int
    ran: int
    doubled: int
    lost: int
    outcomes: dict[str, int]
    on_demand: dict[str, int]
    start_delay_p50_seconds: float | None
    start_delay_p99_seconds: float | None

    @property
    def once(self) -> bool:
        """Every slot ran, none twice."""
        return self.lost == 0 and self.doubled == 0


def summarize(tally: DueTally, journal: BodyJournal, after: datetime, until: datetime) -> list[TaskSummary]:
    """Over the slots that started in (after, until], and the runs on demand that ended since `after`."""
    return [_of_task(key, tally, journal, after, until) for key in sorted(tally.tasks)]


def _of_task(key: TaskKey, tally: DueTally, journal: BodyJournal, after: datetime, until: datetime) -> TaskSummary:
    task, due = tally.tasks[key], tally.due(key, after, until)
    records = [task.records[slot] for slot in due if slot in task.records]
    on_demand = [record for record in task.on_demand.values() if (record.ended_at or 0) >= after.timestamp()]
    delays = [delay for record in records if (delay := record.start_delay_seconds) is not None]
    return TaskSummary(
        namespace=key.namespace,
        name=key.name,
        task_class=task.task_class,
        due=len(due),
        ran=len(records),
        doubled=len(journal.doubled(key) & due),
        lost=len(due) - len(records),
        outcomes=dict(Counter(str(record.state) for record in records)),
        on_demand=dict(Counter(str(record.state) for record in on_demand)),
        start_delay_p50_seconds=percentile(delays, 50),
        start_delay_p99_seconds=percentile(delays, 99),
    )


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The nearest rank; None of nothing."""
    if not values:
        return None
    return sorted(values)[ceil(percent / 100 * len(values)) - 1]


def as_json(tasks: Sequence[TaskSummary]) -> str:
    """One line."""
    return json.dumps({"tasks": [_as_object(task) for task in tasks]})


def _as_object(task: TaskSummary) -> dict[str, object]:
    return {
        "namespace": task.namespace,
        "name": task.name,
        "class": task.task_class,
        "due": task.due,
        "ran": task.ran,
        "doubled": task.doubled,
        "lost": task.lost,
        "outcomes": task.outcomes,
        "on_demand": task.on_demand,
        "start_delay_seconds": {"p50": task.start_delay_p50_seconds, "p99": task.start_delay_p99_seconds},
    }


def as_table(tasks: Sequence[TaskSummary]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("TASK", no_wrap=True)
    table.add_column("CLASS")
    for heading in ("DUE", "RAN", "DOUBLED", "LOST"):
        table.add_column(heading, justify="right")
    table.add_column("OUTCOMES")
    table.add_column("START DELAY P50 / P99")
    for task in tasks:
        counts = (str(count) for count in (task.due, task.ran, task.doubled, task.lost))
        table.add_row(f"{task.namespace}/{task.name}", task.task_class, *counts, _ends(task), _delays(task))
    return table


def _ends(task: TaskSummary) -> str:
    of_slots = [f"{count} {state}" for state, count in task.outcomes.items()]
    others = [f"{count} {state} on demand" for state, count in task.on_demand.items()]
    return ", ".join([*of_slots, *others]) or "-"


def _delays(task: TaskSummary) -> str:
    if task.start_delay_p50_seconds is None or task.start_delay_p99_seconds is None:
        return "-"
    return f"{format_duration(task.start_delay_p50_seconds)} / {format_duration(task.start_delay_p99_seconds)}"
