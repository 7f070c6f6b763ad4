"""What the loop must remember between two starts, in the state folder."""

import asyncio
import math
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ValidationError

from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_operator.control.ports import Standing
from scheduledtask_operator.local.state_folder import StateFolder
from scheduledtask_workloads.contract import TaskKey


class _Seen(BaseModel):
    created_at: AwareDatetime
    effective_from: AwareDatetime
    rule: str
    suspended: bool


class _State(BaseModel):
    fence: int = 0
    tasks: dict[str, _Seen] = {}


class LocalMemory:
    """The leader's number and what was first seen when. Each start of `dev` is a new leader.

    The number is a time, so that it grows even when the state file was lost and the server's data was not.
    """

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder
        self._state = _read(folder)
        self._state.fence = max(self._state.fence + 1, int(datetime.now(UTC).timestamp()))
        self._flush_handle: asyncio.Handle | None = None
        self.flush()

    def standing(self) -> Standing | None:
        """Always: the state folder is one process's, so nobody else leads."""
        return Standing(self._state.fence, math.inf)

    def fence(self) -> int | None:
        return self._state.fence

    def first_seen(self, key: TaskKey) -> FirstSeen | None:
        seen = self._state.tasks.get(str(key))
        return FirstSeen(**dict(seen)) if seen else None

    def remember(self, key: TaskKey, seen: FirstSeen) -> None:
        self._state.tasks[str(key)] = _Seen(
            created_at=seen.created_at,
            effective_from=seen.effective_from,
            rule=seen.rule,
            suspended=seen.suspended,
        )
        self._flush_soon()

    def forget(self, key: TaskKey) -> None:
        if self._state.tasks.pop(str(key), None) is not None:
            self._flush_soon()

    def forget_others(self, keys: frozenset[TaskKey]) -> None:
        """Those that went while no dev was running."""
        for name in set(self._state.tasks) - {str(key) for key in keys}:
            del self._state.tasks[name]
        self._flush_soon()

    def flush(self) -> None:
        self._flush_handle = None
        self._folder.write_state(self._state.model_dump(mode="json"))

    def _flush_soon(self) -> None:
        """Once for everything that changes in this turn of the event loop."""
        if self._flush_handle is None:
            self._flush_handle = asyncio.get_running_loop().call_soon(self.flush)


def _read(folder: StateFolder) -> _State:
    """A file that another version wrote, or that was edited into something else, counts as none."""
    try:
        return _State.model_validate(folder.read_state())
    except ValidationError:
        return _State()
