"""ScheduledTaskRuns without an API server, behind the loop's port; held to what a real one does by the same tests."""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from scheduledtask_operator.api import (
    API_VERSION,
    KIND,
    RUN_KIND,
    ScheduledTask,
    ScheduledTaskRun,
    ScheduledTaskRunStatus,
)
from scheduledtask_operator.control.run_requests import RequestKey


def run_manifest(name: str, task: str = "report", **spec: Any) -> dict[str, Any]:
    head = {"apiVersion": API_VERSION, "kind": RUN_KIND, "metadata": {"name": name, "namespace": "team"}}
    return {**head, "spec": {"scheduledTask": task, **spec}}


def task_with_uid(name: str, uid: str) -> ScheduledTask:
    metadata = {"name": name, "namespace": "team", "uid": uid}
    return ScheduledTask.model_validate(
        {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": {"task": "report"}}
    )


class RunObjects:
    """`create` and `remove` are what people do; `changed` is told as by a watch."""

    def __init__(self) -> None:
        self.changed: Callable[[Iterable[RequestKey]], None] = lambda keys: None
        self._held: dict[RequestKey, ScheduledTaskRun] = {}
        self.writes: list[ScheduledTaskRunStatus] = []

    def create(self, manifest: dict[str, Any]) -> RequestKey:
        metadata = {**manifest["metadata"], "uid": str(uuid4()), "creationTimestamp": datetime.now(UTC)}
        return self._hold(ScheduledTaskRun.model_validate({**manifest, "metadata": metadata}))

    def remove(self, key: RequestKey) -> None:
        self._held.pop(key, None)
        self.changed([key])

    def keys(self) -> Collection[RequestKey]:
        return list(self._held)

    def get(self, key: RequestKey) -> ScheduledTaskRun | None:
        return self._held.get(key)

    def problem(self, key: RequestKey) -> str:
        return ""

    async def write_status(self, run: ScheduledTaskRun, status: ScheduledTaskRunStatus) -> None:
        if held := self._same(run):
            self.writes.append(status)
            self._hold(held.model_copy(update={"status": status}))

    async def own(self, run: ScheduledTaskRun, task: ScheduledTask) -> None:
        if held := self._same(run):
            owner = {"apiVersion": API_VERSION, "kind": KIND, "name": task.metadata.name, "uid": task.metadata.uid}
            metadata = held.metadata.model_dump(by_alias=True) | {"ownerReferences": [owner]}
            self._hold(ScheduledTaskRun.model_validate({**held.model_dump(by_alias=True), "metadata": metadata}))

    async def delete(self, run: ScheduledTaskRun) -> None:
        if held := self._same(run):
            self.remove(_key(held))

    def _same(self, run: ScheduledTaskRun) -> ScheduledTaskRun | None:
        held = self._held.get(_key(run))
        return held if held is not None and held.metadata.uid == run.metadata.uid else None

    def _hold(self, run: ScheduledTaskRun) -> RequestKey:
        key = _key(run)
        self._held[key] = run
        self.changed([key])
        return key


def _key(run: ScheduledTaskRun) -> RequestKey:
    return RequestKey(run.metadata.namespace, run.metadata.name)
