"""A ScheduledTask as a line: pure functions of the object as the API server has it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scheduledtask_operator.plugin.kubectl import Object
from scheduledtask_operator.plugin.output import Cell, Row
from scheduledtask_operator.plugin.times import NEVER, ago, read_time, span

UNSEEN = "Unseen"
"""The state of one that no operator has looked at."""
HEADING = ("NAME", "CLASS", "SCHEDULE", "NEXT", "LAST RUN", "OUTCOME", "STATE", "AGE")
WIDE_HEADING = ("TASK", "ACTIVE", "WORKERS", "REASON")
_QUIET = ("Suspended", "NamespacePaused", "NoMoreSlots")
_WELL = ("Scheduled", "OnDemand", "Triggered", "Idle")
_BUSY = ("Running", "WorkersStarting", "RetryPending")
_RANKS = {state: rank for rank, states in enumerate((_BUSY, _WELL, _QUIET), start=2) for state in states}
_COLOURS = {0: "red", 1: "yellow", 2: "cyan", 3: "green", 4: "bright_black"}
_OUTCOMES = {"Succeeded": "green", "Failed": "red", "TimedOut": "red", "Lost": "red"}


def state_of(task: Object) -> str:
    """The most important of it, in a word."""
    status = task.get("status") or {}
    return str(status.get("state") or UNSEEN)


def rank(state: str) -> int:
    """0 is trouble, 1 unknown, then at work, well, at rest."""
    return 1 if state in (UNSEEN, "CatalogPending") else _RANKS.get(state, 0)


def by_state(tasks: Sequence[Object]) -> list[Object]:
    """Those in trouble first."""
    return sorted(tasks, key=lambda task: (rank(state_of(task)), *_place(task)))


def row(task: Object, now: datetime, *, wide: bool = False, with_namespace: bool = False) -> Row:
    """The cells of HEADING, WIDE_HEADING behind, the namespace before."""
    status, metadata, last = task.get("status") or {}, task["metadata"], _last_run(task)
    state, outcome = state_of(task), str(last.get("outcome") or NEVER)
    cells: list[Cell | str] = [
        metadata["name"],
        str(status.get("class") or NEVER),
        schedule_of(task),
        ago(read_time(status.get("nextRunTime")), now),
        ago(read_time(last.get("completionTime")), now),
        Cell(outcome, _OUTCOMES.get(outcome, "")),
        Cell(state, _COLOURS[rank(state)]),
        _age(task, now),
    ]
    before = [metadata.get("namespace", "")] if with_namespace else []
    return [*before, *cells, *(_wide_cells(task) if wide else [])]


def schedule_of(task: Object) -> str:
    """The expression, with its zone where that is not UTC."""
    spec = task.get("spec") or {}
    zone = spec.get("timeZone") or "UTC"
    if not spec.get("schedule"):
        return NEVER
    return str(spec["schedule"]) if zone == "UTC" else f"{spec['schedule']} {zone}"


def condition(task: Object, kind: str) -> dict[str, Any]:
    """The one of that type; empty where there is none."""
    conditions = (task.get("status") or {}).get("conditions") or ()
    return next((dict(each) for each in conditions if each.get("type") == kind), {})


def _last_run(task: Object) -> dict[str, Any]:
    return dict((task.get("status") or {}).get("lastRun") or {})


def _wide_cells(task: Object) -> list[Cell | str]:
    status = task.get("status") or {}
    worker = status.get("worker") or {}
    workers = f"{worker.get('ready', 0)}/{worker.get('desired', 0)}" if worker else NEVER
    return [str(task["spec"].get("task", NEVER)), str(len(status.get("active") or ())), workers, _why(task)]


def _why(task: Object) -> str:
    """Of the condition that makes the state; a line's worth."""
    kinds = [condition(task, kind) for kind in ("Ready", "Degraded", "Progressing")]
    message = next((each.get("message") for each in kinds if each.get("reason") == state_of(task)), "") or NEVER
    return message if len(message) <= 80 else f"{message[:79]}…"


def _age(task: Object, now: datetime) -> str:
    created = read_time(task["metadata"].get("creationTimestamp"))
    return NEVER if created is None else span((now - created).total_seconds())


def _place(task: Object) -> tuple[str, str]:
    return task["metadata"].get("namespace", ""), task["metadata"]["name"]
