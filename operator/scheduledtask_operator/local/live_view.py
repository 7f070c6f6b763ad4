"""The terminal's view: a table of the tasks, workers, problems, and the latest events; drawn anew each half second."""

from collections.abc import Callable, Mapping
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status import EndedRun, TaskStatus
from scheduledtask_operator.local.board import Board
from scheduledtask_operator.local.wording import delay_text
from scheduledtask_workloads.contract import RunState, TaskClass
from scheduledtask_workloads.contract.quantity import format_duration

REFRESHES_PER_SECOND = 2
SHOWN_LINES = 8
_STATE_STYLES = {RunState.SUCCEEDED: "green", RunState.STARTED: "cyan", RunState.WAITING: "yellow"}
WorkerCounts = Callable[[], Mapping[PoolKey, tuple[int, int]]]


class LiveView:
    """A context: while it is entered, the terminal shows the board."""

    def __init__(self, board: Board, workers: WorkerCounts, console: Console) -> None:
        self._board = board
        self._workers = workers
        self._live = Live(get_renderable=self._draw, console=console, refresh_per_second=REFRESHES_PER_SECOND)

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _draw(self) -> RenderableType:
        now = self._board.now()
        parts: list[RenderableType] = [Text(self._board.phase, style="bold"), self._tasks(now), self._workers_line()]
        parts += [Text(f"error: {problem}", style="red") for problem in self._board.standing_problems()]
        parts.append(Text())
        parts += [Text(line, style="dim", overflow="ellipsis", no_wrap=True) for line in self._latest()]
        return Group(*parts)

    def _latest(self) -> list[str]:
        return list(self._board.recent)[-SHOWN_LINES:]

    def _tasks(self, now: datetime) -> Table:
        table = Table(box=None, pad_edge=False, expand=True)
        for heading in ("TASK", "CLASS", "SCHEDULE", "NEXT", "STATE", "LAST RUN"):
            table.add_column(heading, overflow="fold", header_style="bold")
        for key in sorted(self._board.statuses):
            table.add_row(*_row(self._board.statuses[key], now))
        return table

    def _workers_line(self) -> Text:
        counts = self._workers()
        shown = ", ".join(f"{pool} {ready} ready of {running}" for pool, (ready, running) in counts.items())
        up = sum(running for _, running in counts.values())
        return Text(f"workers up: {up}" + (f" ({shown})" if shown else ""))


def _row(status: TaskStatus, now: datetime) -> tuple[RenderableType, ...]:
    return (
        Text(str(status.key)),
        _class(status),
        Text(status.job.schedule.expression if status.job and status.job.schedule else "on demand"),
        Text(_next(status, now)),
        _state(status),
        _last(status.runs.last),
    )


def _class(status: TaskStatus) -> Text:
    if status.classification is None:
        return Text("?")
    style = "green" if status.classification.task_class is TaskClass.LIGHT else "magenta"
    return Text.assemble((str(status.classification.task_class), style), f" {status.classification.reason}")


def _next(status: TaskStatus, now: datetime) -> str:
    if status.job is not None and status.job.suspended:
        return "suspended"
    if status.next_due is None:
        return "-"
    return f"in {max(0, round((status.next_due - now).total_seconds()))}s"


def _state(status: TaskStatus) -> Text:
    if status.condition.ready is False:
        return Text(status.condition.reason, style="red")
    if not status.runs.active:
        return Text("idle", style="dim")
    run = status.runs.active[0]
    return Text(f"{run.state}{f' #{run.attempts}' if run.attempts > 1 else ''}", style=_STATE_STYLES.get(run.state, ""))


def _last(record: EndedRun | None) -> Text:
    if record is None:
        return Text("-", style="dim")
    text = Text(str(record.state), style=_STATE_STYLES.get(record.state, "red"))
    if record.duration_seconds is not None:
        text.append(f" {format_duration(record.duration_seconds)}", style="")
    if record.start_delay_seconds is not None:
        text.append(f", delay {delay_text(record.start_delay_seconds)}", style="dim")
    return text
