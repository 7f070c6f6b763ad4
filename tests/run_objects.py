"""ScheduledTaskRuns as people make them, in memory."""

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
from scheduledtask_operator.local.run_requests import LocalRunRequests


def run_manifest(name: str, task: str = "report", **spec: Any) -> dict[str, Any]:
    head = {"apiVersion": API_VERSION, "kind": RUN_KIND, "metadata": {"name": name, "namespace": "team"}}
    return {**head, "spec": {"scheduledTask": task, **spec}}


def task_with_uid(name: str, uid: str, **spec: Any) -> ScheduledTask:
    metadata = {"name": name, "namespace": "team", "uid": uid}
    return ScheduledTask.model_validate(
        {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": {"task": "report", **spec}}
    )


class RunObjects(LocalRunRequests):
    """`create` and `remove` are what people do; `writes` are the statuses that were written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[ScheduledTaskRunStatus] = []

    def create(self, manifest: dict[str, Any]) -> RequestKey:
        metadata = {**manifest["metadata"], "uid": str(uuid4()), "creationTimestamp": datetime.now(UTC)}
        return self.hold(ScheduledTaskRun.model_validate({**manifest, "metadata": metadata}))

    async def write_status(self, run: ScheduledTaskRun, status: ScheduledTaskRunStatus) -> None:
        if self._same(run):
            self.writes.append(status)
        await super().write_status(run, status)
