"""Each change of an object is told once, by whichever of watch and list sees it first; what vanished is told too."""

from typing import Any

import pytest

from scheduledtask_operator.cluster.kinds import WORKER_PODS
from scheduledtask_operator.cluster.watched import Watched, as_it_is

Item = dict[str, Any]


class Told:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.watched: Watched[Item] = Watched(WORKER_PODS, as_it_is, self._changed, self._gone)

    def _changed(self, item: Item) -> None:
        self.lines.append(f"{item['metadata']['name']}@{item['metadata']['resourceVersion']}")

    def _gone(self, item: Item) -> None:
        self.lines.append(f"-{item['metadata']['name']}/{item['metadata']['uid']}")

    def see(self, thing: Item) -> None:
        self.watched.tell(thing, thing)

    def list(self, *items: Item) -> None:
        self.watched.begin_listing()
        self.watched.end_listing(self.watched.list_page((item, item) for item in items))


@pytest.fixture
def told() -> Told:
    return Told()


def item(name: str, version: int, uid: str = "1", **metadata: Any) -> Item:
    return {"metadata": {"namespace": "team", "name": name, "uid": uid, "resourceVersion": str(version), **metadata}}


def test_a_version_is_told_once_and_older_ones_never(told: Told) -> None:
    for version in (5, 5, 4, 6):
        told.see(item("a", version))

    assert told.lines == ["a@5", "a@6"]


def test_what_a_list_lacks_is_gone_with_its_labels(told: Told) -> None:
    remains: list[Item] = []
    told.watched.gone = remains.append
    told.see(item("a", 1, labels={"pool": "big"}))
    told.see(item("b", 2))

    told.list(item("b", 2))

    assert [(each["metadata"]["name"], each["metadata"]["labels"]) for each in remains] == [("a", {"pool": "big"})]
    assert len(told.watched) == 1


def test_what_the_watch_told_during_a_list_is_newer_than_the_list(told: Told) -> None:
    told.see(item("deleted", 1))
    told.watched.begin_listing()
    told.see(item("created", 9))
    told.watched.tell_gone(item("deleted", 1))

    listed = told.watched.list_page([(item("deleted", 1), item("deleted", 1))])
    vanished = told.watched.end_listing(listed)

    assert vanished == []
    assert told.lines == ["deleted@1", "created@9", "-deleted/1"]


def test_another_object_of_the_same_name_is_told_after_the_end_of_the_first(told: Told) -> None:
    told.see(item("a", 1, uid="first"))
    told.see(item("a", 7, uid="second"))
    told.watched.tell_gone(item("a", 3, uid="first"))  # late

    assert told.lines == ["a@1", "-a/first", "a@7"]


def test_a_list_that_fails_in_the_middle_ends_nothing(told: Told) -> None:
    told.see(item("a", 1))
    told.watched.begin_listing()
    told.watched.list_page([(item("b", 2), item("b", 2))])
    told.watched.give_up_listing()

    assert told.lines == ["a@1", "b@2"]
    assert len(told.watched) == 2
