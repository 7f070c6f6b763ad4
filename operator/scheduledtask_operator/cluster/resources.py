"""The ScheduledTasks of the cluster as resources: of each, the last good version."""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from scheduledtask_operator.api import GROUP, ScheduledTask
from scheduledtask_operator.api.objects import BadObjectError, parse_object
from scheduledtask_operator.cluster.client import Object
from scheduledtask_operator.cluster.memory import StatusMemory, written_in
from scheduledtask_operator.cluster.observed_status import ObservedStatus
from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_operator.control.ports import Resource
from scheduledtask_workloads.contract import TaskKey

CANCEL_ANNOTATION = f"{GROUP}/cancel"
logger = logging.getLogger(__name__)


class _Mark(NamedTuple):
    """What makes a version another one for us: our own status writes do not."""

    uid: str
    generation: int | None
    deleting: bool
    cancel: str


@dataclass(frozen=True, slots=True)
class _Held:
    mark: _Mark
    task: ScheduledTask | None
    problem: str
    observed: ObservedStatus | None


@dataclass(frozen=True, slots=True)
class ReadObject:
    """`version` is None for an object that changed in nothing that matters but `since`."""

    key: TaskKey
    mark: _Mark
    observed: ObservedStatus | None
    since: FirstSeen | None
    version: ScheduledTask | str | None


class ClusterResources:
    """`read` from any thread, everything else in the event loop's.

    What is being deleted, or lies in a namespace that is, counts as gone: nothing of it starts.
    """

    def __init__(
        self,
        memory: StatusMemory,
        *,
        changed: Callable[[Iterable[TaskKey]], None],
        watched: Callable[[TaskKey], None],
        cancel: Callable[[TaskKey, str], None],
    ) -> None:
        """`watched` hears of every version, also where only the status is another one; `cancel` gets the run that an
        annotation names.
        """
        self.memory = memory
        self._changed = changed
        self._watched = watched
        self._cancel = cancel
        self._held: dict[TaskKey, _Held] = {}
        self._terminating: set[str] = set()
        self._paused: set[str] = set()

    def keys(self) -> Collection[TaskKey]:
        return list(self._held)

    def get(self, key: TaskKey) -> Resource | None:
        held = self._held.get(key)
        if held is None or held.mark.deleting or key.namespace in self._terminating:
            return None
        return Resource(held.task, held.problem, held.mark.generation, key.namespace in self._paused)

    def tasks(self) -> list[ScheduledTask]:
        """The good ones."""
        return [held.task for held in self._held.values() if held.task is not None]

    def observed(self, key: TaskKey) -> ObservedStatus | None:
        """The status as the watch last saw it; None when there is no such object."""
        held = self._held.get(key)
        return held.observed if held else None

    def read(self, item: Object) -> ReadObject:
        """Raises nothing, whatever the object is."""
        key, mark, since = _key(item), _mark(item), written_in(item)
        held = self._held.get(key)
        version = None if held is not None and held.mark == mark else _parse(item)
        return ReadObject(key, mark, _observed(item), since, version)

    def take(self, read: ReadObject) -> None:
        key, before = read.key, self._held.get(read.key)
        renewed = self.memory.observe(key, read.since)
        if read.version is None and before is not None:
            self._held[key] = replace(before, observed=read.observed)
        else:
            self._held[key] = _held(read, before)
            if read.mark.cancel and (before is None or before.mark.cancel != read.mark.cancel):
                self._cancel(key, read.mark.cancel)
        if renewed or read.version is not None:
            self._changed([key])
        self._watched(key)

    def drop(self, item: Object) -> None:
        key = _key(item)
        if self._held.pop(key, None) is not None:
            self.memory.forget(key)
            self._changed([key])
            self._watched(key)

    def namespace_terminating(self, namespace: str) -> None:
        self._terminating.add(namespace)
        self._changed(key for key in self.keys() if key.namespace == namespace)

    def namespace_gone(self, namespace: str) -> None:
        self._terminating.discard(namespace)

    def namespace_paused(self, namespace: str, paused: bool) -> None:
        """Or not any more."""
        (self._paused.add if paused else self._paused.discard)(namespace)
        self._changed(key for key in self.keys() if key.namespace == namespace)


def _held(read: ReadObject, before: _Held | None) -> _Held:
    if isinstance(read.version, ScheduledTask):
        return _Held(read.mark, read.version, "", read.observed)
    last_good = before.task if before is not None and before.mark.uid == read.mark.uid else None
    return _Held(read.mark, last_good, read.version or "", read.observed)


def _parse(item: Object) -> ScheduledTask | str:
    """The resource, or what is wrong with it."""
    try:
        return parse_object(item)
    except BadObjectError as error:
        return str(error)
    except Exception as error:  # one object that we do not understand must not stop the others
        namespace, name = _key(item)
        logger.exception("an object could not be read", extra={"namespace": namespace, "task": name})
        return f"cannot be read: {error!r}"


def _observed(item: Object) -> ObservedStatus | None:
    try:
        return ObservedStatus.of(item)
    except (KeyError, TypeError, ValueError):  # nothing that an API server would send
        return None


def _metadata(item: Object) -> dict[str, Any]:
    metadata = item.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _key(item: Object) -> TaskKey:
    metadata = _metadata(item)
    return TaskKey(str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))


def _mark(item: Object) -> _Mark:
    metadata = _metadata(item)
    annotations = metadata.get("annotations")
    cancel = annotations.get(CANCEL_ANNOTATION) if isinstance(annotations, dict) else None
    generation = metadata.get("generation")
    return _Mark(
        uid=str(metadata.get("uid") or ""),
        generation=generation if isinstance(generation, int) else None,
        deleting=metadata.get("deletionTimestamp") is not None,
        cancel=str(cancel or ""),
    )
