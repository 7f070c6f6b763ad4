"""The ScheduledTaskRuns of the cluster: what the watch told of them, and what is written back."""

import logging
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from scheduledtask_operator.api import (
    API_VERSION,
    KIND,
    RUN_KIND,
    ScheduledTask,
    ScheduledTaskRun,
    ScheduledTaskRunStatus,
)
from scheduledtask_operator.api.objects import BadObjectError, parse_run_object
from scheduledtask_operator.cluster.client import Client, Object
from scheduledtask_operator.cluster.errors import ApiError
from scheduledtask_operator.cluster.kinds import SCHEDULED_TASK_RUNS
from scheduledtask_operator.control.run_requests import RequestKey

OWNER_MANAGER = "scheduledtask-owner"  # of its own, so that what else is applied takes nothing of it away
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadRun:
    """`run` is None of an object of which nothing can be read."""

    key: RequestKey
    run: ScheduledTaskRun | None
    problem: str = ""


class ClusterRunRequests:
    """`read` from any thread, everything else in the event loop's. What is written raises ClusterError."""

    def __init__(self, client: Client, *, changed: Callable[[Iterable[RequestKey]], None]) -> None:
        self._client = client
        self._changed = changed
        self._held: dict[RequestKey, ReadRun] = {}

    # --- from the watch

    def read(self, item: Object) -> ReadRun:
        """Raises nothing, whatever the object is."""
        key = _key(item)
        try:
            return ReadRun(key, parse_run_object(item))
        except BadObjectError as error:
            return ReadRun(key, _as_much_as_can_be(item), str(error))
        except Exception as error:  # one object that we do not understand must not stop the others
            logger.exception(
                "a ScheduledTaskRun could not be read", extra={"namespace": key.namespace, "run": key.name}
            )
            return ReadRun(key, None, f"cannot be read: {error!r}")

    def take(self, read: ReadRun) -> None:
        before = self._held.get(read.key)
        self._held[read.key] = read
        if before != read:
            self._changed([read.key])

    def drop(self, item: Object) -> None:
        key = _key(item)
        if self._held.pop(key, None) is not None:
            self._changed([key])

    # --- for the loop

    def keys(self) -> Collection[RequestKey]:
        return list(self._held)

    def get(self, key: RequestKey) -> ScheduledTaskRun | None:
        held = self._held.get(key)
        return None if held is None or held.run is None or held.run.going else held.run

    def problem(self, key: RequestKey) -> str:
        held = self._held.get(key)
        return held.problem if held else ""

    async def make(self, run: ScheduledTaskRun) -> None:
        body = run.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        try:
            await self._client.create(SCHEDULED_TASK_RUNS.path(run.metadata.namespace), body)
        except ApiError as error:
            if not error.is_conflict:
                raise

    async def write_status(self, run: ScheduledTaskRun, status: ScheduledTaskRunStatus) -> None:
        """With a test of its identity: the API server ignores the one that a status comes with."""
        operations: list[Object] = [
            {"op": "test", "path": "/metadata/uid", "value": run.metadata.uid},
            {"op": "add", "path": "/status", "value": status.model_dump(mode="json", by_alias=True, exclude_none=True)},
        ]
        await self._if_there(run, self._client.patch(_path(run, "status"), operations))

    async def own(self, run: ScheduledTaskRun, task: ScheduledTask) -> None:
        owner = {"apiVersion": API_VERSION, "kind": KIND, "name": task.metadata.name, "uid": task.metadata.uid}
        metadata = {
            "name": run.metadata.name,
            "namespace": run.metadata.namespace,
            "uid": run.metadata.uid,
            "ownerReferences": [owner],
        }
        body = {"apiVersion": API_VERSION, "kind": RUN_KIND, "metadata": metadata}
        await self._if_there(run, self._client.apply(_path(run), body, manager=OWNER_MANAGER))

    async def delete(self, run: ScheduledTaskRun) -> None:
        options = {"preconditions": {"uid": run.metadata.uid}, "propagationPolicy": "Background"}
        await self._if_there(run, self._client.delete(_path(run), options))

    async def _if_there(self, run: ScheduledTaskRun, call: Coroutine[Any, Any, Object]) -> None:
        """What is gone, or another object by now, is told by the watch."""
        try:
            await call
        except ApiError as error:
            if not (error.is_missing or await self._is_gone(run)):
                raise

    async def _is_gone(self, run: ScheduledTaskRun) -> bool:
        """Asked, because the API server has several ways to say that an object is not the one that is meant."""
        try:
            item = await self._client.get(_path(run))
        except ApiError as error:
            return error.is_missing
        return bool(item["metadata"]["uid"] != run.metadata.uid)


def _path(run: ScheduledTaskRun, subresource: str = "") -> str:
    return SCHEDULED_TASK_RUNS.path(run.metadata.namespace, run.metadata.name, subresource)


def _as_much_as_can_be(item: Object) -> ScheduledTaskRun | None:
    """What is enough to refuse it, and to clean it up."""
    spec = item.get("spec")
    kept = ("scheduledTask", "ttlSecondsAfterFinished")
    readable = {name: spec[name] for name in kept if name in spec} if isinstance(spec, dict) else {}
    try:
        return parse_run_object({**item, "spec": readable})
    except BadObjectError:
        return None


def _key(item: Object) -> RequestKey:
    metadata = item.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return RequestKey(str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
