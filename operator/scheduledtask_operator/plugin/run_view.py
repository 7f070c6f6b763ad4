"""Runs as lines: those at work, those that ended, and those that were asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.plugin.kubectl import Object
from scheduledtask_operator.plugin.output import Cell, Row
from scheduledtask_operator.plugin.times import NEVER, ago, read_time

HEADING = ("RUN", "SLOT", "STATE", "ATTEMPTS", "STARTED", "DURATION", "MEMORY", "WHY")
WIDE_HEADING = ("HOST", "ASKED AS")
_COLOURS = {
    "Succeeded": "green",
    "Failed": "red",
    "TimedOut": "red",
    "Lost": "red",
    "Refused": "red",
    "Started": "cyan",
}


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run, as far as the API server knows it."""

    run: str
    slot: str
    state: str
    attempts: int
    start_time: datetime | None
    end_time: datetime | None
    duration: str
    memory: str
    why: str
    host: str
    asked_as: str

    @property
    def ended(self) -> bool:
        return self.end_time is not None


def run_lines(task: Object, requests: Sequence[Object]) -> list[RunLine]:
    """At work first, then those that ended, the newest first. `requests` are the ScheduledTaskRuns of the task."""
    status = task.get("status") or {}
    names = {_run_id(each): each["metadata"]["name"] for each in requests if _run_id(each)}
    active = [_active(run, names) for run in status.get("active") or ()]
    ended = [_ended(run, names) for run in status.get("history") or ()]
    known = {line.run for line in (*active, *ended)}
    asked = [line for line in map(_asked, requests) if line.run not in known or not line.run]
    waiting = [line for line in asked if not line.ended]
    over = [*ended, *(line for line in asked if line.ended)]
    return [*active, *waiting, *sorted(over, key=_end_time, reverse=True)]


def row(line: RunLine, now: datetime, *, wide: bool = False) -> Row:
    """The cells of HEADING, and WIDE_HEADING behind."""
    cells: list[Cell | str] = [
        line.run or NEVER,
        line.slot or NEVER,
        Cell(line.state, _COLOURS.get(line.state, "")),
        str(line.attempts),
        ago(line.start_time, now),
        line.duration or NEVER,
        line.memory or NEVER,
        line.why or NEVER,
    ]
    return [*cells, *([line.host or NEVER, line.asked_as or NEVER] if wide else [])]


def of_task(requests: Sequence[Object], name: str) -> list[Object]:
    return [each for each in requests if each["spec"].get("scheduledTask") == name]


def _active(run: Object, names: dict[str, str]) -> RunLine:
    retry = read_time(run.get("retryTime"))
    why = f"next attempt at {run['retryTime']}" if retry else ""
    start = read_time(run.get("startTime"))
    return RunLine(
        run["run"],
        str(run.get("slotTime") or ""),
        str(run.get("state")),
        int(run.get("attempt") or 1),
        start,
        None,
        "",
        "",
        why,
        str(run.get("host") or ""),
        names.get(run["run"], ""),
    )


def _ended(run: Object, names: dict[str, str]) -> RunLine:
    why = ": ".join(str(run[name]) for name in ("reason", "message") if run.get(name) and run[name] != "Completed")
    return RunLine(
        run["run"],
        str(run.get("slotTime") or ""),
        str(run.get("outcome")),
        int(run.get("attempts") or 1),
        read_time(run.get("startTime")),
        read_time(run.get("completionTime")),
        str(run.get("duration") or ""),
        str(run.get("memory") or ""),
        why,
        str(run.get("host") or ""),
        names.get(run["run"], ""),
    )


def _asked(request: Object) -> RunLine:
    status = request.get("status") or {}
    why = ": ".join(str(status[name]) for name in ("reason", "message") if status.get(name))
    return RunLine(
        str(status.get("runId") or ""),
        str(request["spec"].get("slotTime") or ""),
        str(status.get("outcome") or status.get("state") or "Pending"),
        int(status.get("attempts") or 0),
        read_time(status.get("startTime")),
        read_time(status.get("completionTime")),
        "",
        "",
        why,
        "",
        request["metadata"]["name"],
    )


def _run_id(request: Object) -> str:
    return str((request.get("status") or {}).get("runId") or "")


def _end_time(line: RunLine) -> float:
    return line.end_time.timestamp() if line.end_time else 0.0
