"""Requests for runs without an API server: they last as long as this process, and what follows a run is asked anew."""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from uuid import uuid4

from scheduledtask_operator.api import (
    API_VERSION,
    KIND,
    ParsedRun,
    ScheduledTask,
    ScheduledTaskRun,
    ScheduledTaskRunStatus,
)
from scheduledtask_operator.api.run_resource import RunOutcome
from scheduledtask_operator.control.run_requests import RequestKey

_GENERATED = 5  # characters that an API server appends to `generateName`


class LocalRunRequests:
    """`changed` is told as by a watch, `refused` of what will never run; set them before anything is made."""

    def __init__(self) -> None:
        self.changed: Callable[[Iterable[RequestKey]], None] = lambda keys: None
        self.refused: Callable[[ScheduledTaskRun, ScheduledTaskRunStatus], None] = lambda run, status: None
        self._held: dict[RequestKey, ScheduledTaskRun] = {}
        self._applied: set[tuple[str, ...]] = set()

    def keys(self) -> Collection[RequestKey]:
        return list(self._held)

    def get(self, key: RequestKey) -> ScheduledTaskRun | None:
        return self._held.get(key)

    def problem(self, key: RequestKey) -> str:
        """None: what was made was read."""
        return ""

    async def apply(self, parsed: ParsedRun) -> None:
        """As `kubectl apply` does, the same name asks for nothing new; each document with `generateName` has a name."""
        metadata = parsed.run.metadata
        if metadata.generate_name is None:
            mark, name = (metadata.namespace, metadata.name), metadata.name
        else:
            mark, name = (parsed.source, str(parsed.line)), metadata.name[:-_GENERATED] + uuid4().hex[:_GENERATED]
        if mark not in self._applied:
            self._applied.add(mark)
            named = metadata.model_copy(update={"name": name})
            await self.make(parsed.run.model_copy(update={"metadata": named}))

    async def make(self, run: ScheduledTaskRun) -> None:
        if _key(run) not in self._held:
            new = {"uid": str(uuid4()), "creationTimestamp": datetime.now(UTC)}
            metadata = run.metadata.model_dump(by_alias=True) | new
            self.hold(ScheduledTaskRun.model_validate({**run.model_dump(by_alias=True), "metadata": metadata}))

    async def write_status(self, run: ScheduledTaskRun, status: ScheduledTaskRunStatus) -> None:
        if held := self._same(run):
            self.hold(held.model_copy(update={"status": status}))
            if status.outcome == RunOutcome.REFUSED:
                self.refused(held, status)

    async def own(self, run: ScheduledTaskRun, task: ScheduledTask) -> None:
        if held := self._same(run):
            owner = {"apiVersion": API_VERSION, "kind": KIND, "name": task.metadata.name, "uid": task.metadata.uid}
            metadata = held.metadata.model_dump(by_alias=True) | {"ownerReferences": [owner]}
            self.hold(ScheduledTaskRun.model_validate({**held.model_dump(by_alias=True), "metadata": metadata}))

    async def delete(self, run: ScheduledTaskRun) -> None:
        if held := self._same(run):
            self.remove(_key(held))

    def remove(self, key: RequestKey) -> None:
        """Whichever has that name."""
        self._held.pop(key, None)
        self.changed([key])

    def hold(self, run: ScheduledTaskRun) -> RequestKey:
        """As it is, in the place of what has its name."""
        key = _key(run)
        self._held[key] = run
        self.changed([key])
        return key

    def _same(self, run: ScheduledTaskRun) -> ScheduledTaskRun | None:
        held = self._held.get(_key(run))
        return held if held is not None and held.metadata.uid == run.metadata.uid else None


def _key(run: ScheduledTaskRun) -> RequestKey:
    return RequestKey(run.metadata.namespace, run.metadata.name)
