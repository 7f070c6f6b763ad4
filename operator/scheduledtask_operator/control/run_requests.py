"""The ScheduledTaskRuns, as the loop needs them."""

from collections.abc import Collection
from typing import NamedTuple, Protocol

from scheduledtask_operator.api import ScheduledTask, ScheduledTaskRun, ScheduledTaskRunStatus
from scheduledtask_workloads.contract import TaskKey


class RequestKey(NamedTuple):
    """One ScheduledTaskRun; written `namespace/name`."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class RunRequests(Protocol):
    """What is written is refused, by nothing happening, when the object is gone or is another one of that name."""

    def keys(self) -> Collection[RequestKey]: ...

    def get(self, key: RequestKey) -> ScheduledTaskRun | None:
        """None of what is not there, and of what is being deleted. Of what cannot be read, as much as can."""
        ...

    def problem(self, key: RequestKey) -> str:
        """Why an object that is there cannot be read; empty where it can, or is not there."""
        ...

    async def make(self, run: ScheduledTaskRun) -> None:
        """Nothing happens where there is one of that name."""
        ...

    async def write_status(self, run: ScheduledTaskRun, status: ScheduledTaskRunStatus) -> None: ...

    async def own(self, run: ScheduledTaskRun, task: ScheduledTask) -> None:
        """It goes away with `task` from now on."""
        ...

    async def delete(self, run: ScheduledTaskRun) -> None: ...


class CancelObserver(Protocol):
    def run_not_found(self, key: TaskKey, run_id: str) -> None:
        """An annotation asked to cancel a run that is not in flight."""
        ...
