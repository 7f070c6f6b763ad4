"""Who triggers whom, and who is judged anew when a resource changes."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduledtask_operator.api import API_VERSION, KIND, ScheduledTask
from scheduledtask_operator.control.first_seen import FirstSeen, look
from scheduledtask_operator.control.ports import Resource
from scheduledtask_operator.control.trigger_book import TriggerBook
from scheduledtask_workloads.contract import TaskKey

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Tasks:
    """Resources and the loop's memory of them."""

    def __init__(self) -> None:
        self.held: dict[TaskKey, ScheduledTask] = {}
        self.seen: dict[TaskKey, FirstSeen] = {}
        self.book = TriggerBook(self, self)

    def put(self, name: str, *parents: str, at: datetime = NOW, **spec: object) -> set[str]:
        """Names of those that are to be judged anew."""
        triggers = [{"scheduledTask": parent, "outcomes": ["Failed"]} for parent in parents]
        task = ScheduledTask.model_validate(
            {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "metadata": {"name": name, "namespace": "team"},
                "spec": {"task": "report", "triggers": triggers, **spec},
            }
        )
        self.held[task.key] = task
        self.seen[task.key] = look(self.seen.get(task.key), task.spec, at)
        return {key.name for key in self.book.changed([task.key])}

    def drop(self, name: str) -> set[str]:
        del self.held[TaskKey("team", name)]
        return {key.name for key in self.book.changed([TaskKey("team", name)])}

    def ring(self, name: str) -> str:
        return " ".join(key.name for key in self.book.ring(TaskKey("team", name)))

    def since(self, parent: str) -> dict[str, datetime | None]:
        return {one.key.name: one.since for one in self.book.followers(TaskKey("team", parent))}

    def keys(self) -> list[TaskKey]:
        return list(self.held)

    def get(self, key: TaskKey) -> Resource | None:
        return Resource(self.held[key]) if key in self.held else None

    def first_seen(self, key: TaskKey) -> FirstSeen | None:
        return self.seen.get(key)

    def remember(self, key: TaskKey, seen: FirstSeen) -> None:
        self.seen[key] = seen

    def forget(self, key: TaskKey) -> None:
        self.seen.pop(key, None)


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


def test_an_edit_that_closes_a_ring_has_all_of_it_judged_and_one_that_opens_it_too(tasks: Tasks) -> None:
    tasks.put("a")
    tasks.put("b", "a")
    tasks.put("c", "b")

    assert tasks.put("a", "c") == {"a", "b", "c"}
    assert (tasks.ring("a"), tasks.ring("b"), tasks.ring("c")) == ("a b c a", "b c a b", "c a b c")
    assert tasks.since("a") == {"b": None}, "none of a ring's triggers starts anything"

    assert tasks.put("a") == {"a", "b", "c"}
    assert (tasks.ring("a"), tasks.ring("b"), tasks.ring("c")) == ("", "", "")
    assert tasks.since("a") == {"b": NOW}


def test_a_parent_that_is_not_there_yet_is_known_to_be_missing(tasks: Tasks) -> None:
    tasks.put("b", "a")
    assert tasks.book.missing(TaskKey("team", "b")) == [TaskKey("team", "a")]

    assert tasks.put("a") == {"a", "b"}
    assert tasks.book.missing(TaskKey("team", "b")) == []
    assert tasks.drop("a") == {"a", "b"}
    assert tasks.book.missing(TaskKey("team", "b")) == [TaskKey("team", "a")]


def test_a_task_is_judged_anew_when_it_begins_or_ceases_to_be_followed(tasks: Tasks) -> None:
    tasks.put("a")

    assert tasks.put("b", "a") == {"a", "b"}
    assert tasks.book.is_followed(TaskKey("team", "a"))
    assert tasks.put("b") == {"a", "b"}
    assert not tasks.book.is_followed(TaskKey("team", "a"))


def test_nothing_counts_from_before_the_triggers_were_written_or_a_suspension_lifted(tasks: Tasks) -> None:
    later, latest = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    tasks.put("a")
    tasks.put("b", at=NOW)

    tasks.put("b", "a", at=later)
    assert tasks.since("a") == {"b": later}
    tasks.put("b", "a", at=latest, timeoutSeconds=60)
    assert tasks.since("a") == {"b": later}, "other edits change nothing"
    tasks.put("b", "a", at=latest, suspend=True)
    assert tasks.since("a") == {"b": None}
    tasks.put("b", "a", at=latest)
    assert tasks.since("a") == {"b": latest}
