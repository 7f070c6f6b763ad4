"""Namespaces that are being deleted: what runs there is cancelled, and nothing new starts."""

from collections.abc import Sequence
from typing import Protocol

from scheduledtask_operator.cluster.client import Object


class NamespaceListener(Protocol):
    def namespace_terminating(self, namespace: str) -> None: ...

    def namespace_gone(self, namespace: str) -> None: ...


class Namespaces:
    """Tells each listener once."""

    def __init__(self, listeners: Sequence[NamespaceListener]) -> None:
        self._listeners = listeners
        self._terminating: set[str] = set()

    def changed(self, item: Object) -> None:
        metadata = item["metadata"]
        name = metadata["name"]
        if metadata.get("deletionTimestamp") and name not in self._terminating:
            self._terminating.add(name)
            for listener in self._listeners:
                listener.namespace_terminating(name)

    def gone(self, item: Object) -> None:
        name = item["metadata"]["name"]
        self._terminating.discard(name)
        for listener in self._listeners:
            listener.namespace_gone(name)
