"""What is known of the objects of one kind, so that each change is told once and what vanished unseen is told too.

A watch may be away for a while; afterwards it lists what there is, and says nothing of what is no longer there. So a
list of our own is compared with what is known.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from scheduledtask_operator.cluster.client import Object
from scheduledtask_operator.cluster.kinds import Kind

Prepared = TypeVar("Prepared")


class ObjectKey(NamedTuple):
    """`namespace` is empty for what lies in none."""

    namespace: str
    name: str


class _Known(NamedTuple):
    uid: str
    version: int
    labels: dict[str, str]


@dataclass
class Watched(Generic[Prepared]):
    """`prepare` may be called from any thread; the rest is for the event loop's.

    `changed` gets what `prepare` made of an object, `gone` an object that is no more: its metadata at least.
    """

    kind: Kind
    prepare: Callable[[Object], Prepared]
    changed: Callable[[Prepared], None]
    gone: Callable[[Object], None]
    _known: dict[ObjectKey, _Known] = field(default_factory=dict)
    _touched: set[ObjectKey] | None = None  # since a listing began

    def __len__(self) -> int:
        return len(self._known)

    def is_news(self, item: Object) -> bool:
        """Whether this version was not told yet; also for other threads."""
        known = self._known.get(_key(item))
        return known is None or known.uid != _uid(item) or _is_newer(_version(item), known.version)

    def tell(self, item: Object, prepared: Prepared) -> None:
        """An object as it is, by the watch or by a list."""
        if not self.is_news(item):
            return
        key, before = _key(item), self._known.get(_key(item))
        if before is not None and before.uid != _uid(item):
            self.tell_gone(_remains(key, before))  # another one of that name, between two looks
        self._known[key] = _Known(_uid(item), _version(item), item["metadata"].get("labels") or {})
        self._touch(key)
        self.changed(prepared)

    def tell_gone(self, item: Object) -> None:
        key, known = _key(item), self._known.get(_key(item))
        self._touch(key)
        if known is not None and known.uid == _uid(item):
            del self._known[key]
            self.gone(item)

    def begin_listing(self) -> None:
        self._touched = set()

    def list_page(self, items: Iterable[tuple[Object, Prepared]]) -> set[ObjectKey]:
        """Tells what is news of it; the keys that are there."""
        listed: set[ObjectKey] = set()
        for item, prepared in items:
            key = _key(item)
            listed.add(key)
            if key not in (self._touched or ()) or key in self._known:
                self.tell(item, prepared)
        return listed

    def end_listing(self, listed: set[ObjectKey]) -> list[ObjectKey]:
        """Tells, and returns, what is not there any more. What the watch told of meanwhile is newer than the list."""
        touched, self._touched = self._touched or set(), None
        vanished = [key for key in self._known if key not in listed and key not in touched]
        for key in vanished:
            self.tell_gone(_remains(key, self._known[key]))
        return vanished

    def give_up_listing(self) -> None:
        self._touched = None

    def _touch(self, key: ObjectKey) -> None:
        if self._touched is not None:
            self._touched.add(key)


def as_it_is(item: Object) -> Object:
    """For kinds of which nothing is prepared."""
    return item


def _remains(key: ObjectKey, known: _Known) -> Object:
    metadata: dict[str, Any] = {**key._asdict(), "uid": known.uid, "labels": known.labels}
    return {"metadata": metadata}


def _key(item: Object) -> ObjectKey:
    metadata = item["metadata"]
    return ObjectKey(metadata.get("namespace") or "", metadata["name"])


def _uid(item: Object) -> str:
    return str(item["metadata"].get("uid") or "")


def _version(item: Object) -> int:
    """Resource versions of one kind are numbers that grow; 0 for one that is none, which then counts as news."""
    version = str(item["metadata"].get("resourceVersion") or "")
    return int(version) if version.isdecimal() else 0


def _is_newer(version: int, known: int) -> bool:
    return version == 0 or version > known
