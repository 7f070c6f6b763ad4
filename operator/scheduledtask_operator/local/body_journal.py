"""What task bodies themselves wrote: when they began and ended. The count of what was lost or doubled rests on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ValidationError

from scheduledtask_operator.local.process_tree import is_running
from scheduledtask_workloads.contract import RunState, TaskKey


class _Line(BaseModel):
    event: Literal["begin", "end"]
    namespace: str
    name: str
    run_id: str
    attempt: int
    slot: int | None = None
    pid: int
    at: float
    state: RunState


@dataclass(slots=True)
class Body:
    """One body. Killed ones write no end: theirs is when the next one of their run began and they were gone."""

    slot: int | None
    attempt: int
    began_at: float
    process: psutil.Process | None
    ended_at: float | None = None
    state: RunState | None = None
    overlapped: bool = False

    @property
    def is_open(self) -> bool:
        return self.ended_at is None and self.process is not None and is_running(self.process)


class BodyJournal:
    """Reads what was appended since it was made. Read often: whether a process still runs is asked while reading."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = file.stat().st_size if file.exists() else 0
        self._bodies: dict[tuple[TaskKey, str], list[Body]] = {}

    def read(self) -> None:
        with self._file.open("rb") as stream:
            stream.seek(self._offset)
            text = stream.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            self._take(line)

    def open_pids(self) -> Iterator[int]:
        """The processes in which a body runs now."""
        for bodies in self._bodies.values():
            yield from (body.process.pid for body in bodies if body.is_open and body.process)

    def forget_ended(self) -> None:
        """When nobody will ask what was doubled."""
        self._bodies = {run: bodies for run, bodies in self._bodies.items() if any(body.is_open for body in bodies)}

    def doubled(self, key: TaskKey) -> set[int]:
        """The slots with bodies that overlapped, or with more than one that completed."""
        return {
            bodies[0].slot
            for (of, _), bodies in self._bodies.items()
            if of == key and bodies[0].slot is not None and _is_doubled(bodies)
        }

    def _take(self, text: bytes) -> None:
        try:
            line = _Line.model_validate_json(text)
        except ValidationError:
            return  # torn by a machine that stopped in the middle of it
        bodies = self._bodies.setdefault((TaskKey(line.namespace, line.name), line.run_id), [])
        if line.event == "begin":
            _begin(bodies, line)
        else:
            _end(bodies, line)


def _begin(bodies: list[Body], line: _Line) -> None:
    overlaps = False
    for body in bodies:
        if body.is_open or (body.ended_at is not None and body.ended_at > line.at):
            overlaps = True
        elif body.ended_at is None:
            body.ended_at = line.at
    bodies.append(Body(line.slot, line.attempt, line.at, _process(line.pid), overlapped=overlaps))


def _end(bodies: list[Body], line: _Line) -> None:
    for body in bodies:
        if body.attempt == line.attempt and body.state is None:
            body.ended_at, body.state = line.at, line.state
            body.overlapped = body.overlapped or any(
                other is not body and body.began_at <= other.began_at < line.at for other in bodies
            )
            return


def _is_doubled(bodies: list[Body]) -> bool:
    completed = sum(body.state is RunState.SUCCEEDED for body in bodies)
    return completed > 1 or any(body.overlapped for body in bodies)


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None
