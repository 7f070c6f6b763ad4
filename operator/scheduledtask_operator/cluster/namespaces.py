"""Namespaces that are being deleted, where what runs is cancelled and nothing new starts; and those that are paused."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from scheduledtask_operator.api import PAUSED_ANNOTATION
from scheduledtask_operator.cluster.client import Object


class NamespaceListener(Protocol):
    def namespace_terminating(self, namespace: str) -> None: ...

    def namespace_gone(self, namespace: str) -> None: ...


class Namespaces:
    """Tells each listener once. `paused` hears of a namespace and whether it is, when that is another than before."""

    def __init__(self, listeners: Sequence[NamespaceListener], paused: Callable[[str, bool], None]) -> None:
        self._listeners = listeners
        self._tell_paused = paused
        self._terminating: set[str] = set()
        self._paused: set[str] = set()

    def changed(self, item: Object) -> None:
        metadata = item["metadata"]
        name = metadata["name"]
        self._note_paused(name, is_paused(metadata.get("annotations")))
        if metadata.get("deletionTimestamp") and name not in self._terminating:
            self._terminating.add(name)
            for listener in self._listeners:
                listener.namespace_terminating(name)

    def gone(self, item: Object) -> None:
        name = item["metadata"]["name"]
        self._terminating.discard(name)
        self._note_paused(name, False)
        for listener in self._listeners:
            listener.namespace_gone(name)

    def _note_paused(self, name: str, paused: bool) -> None:
        if paused == (name in self._paused):
            return
        (self._paused.add if paused else self._paused.discard)(name)
        self._tell_paused(name, paused)


def is_paused(annotations: Mapping[str, str] | None) -> bool:
    """Only by the word true, in any case: what is not understood stops nothing."""
    return str((annotations or {}).get(PAUSED_ANNOTATION, "")).strip().lower() == "true"
