"""ScheduledTasks from the API server as the loop sees them: the last good version, and nothing of what goes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.cluster.memory import StatusMemory
from scheduledtask_operator.cluster.namespaces import Namespaces
from scheduledtask_operator.cluster.resources import ClusterResources
from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_workloads.contract import TaskKey

KEY = TaskKey("team", "report")
CREATED = "2026-01-01T00:00:00Z"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = ["schedule", "task", "timeZone", "arguments", "class", "profile", "retry", "worker", "triggers", "exclude"]


class Seen:
    """What the resources told."""

    def __init__(self, *, leads: bool = False) -> None:
        self.changed: list[TaskKey] = []
        self.watched: list[TaskKey] = []
        self.cancelled: list[tuple[TaskKey, str]] = []
        self.memory = StatusMemory(lambda: leads)
        self.resources = ClusterResources(
            self.memory,
            changed=self.changed.extend,
            watched=self.watched.append,
            cancel=lambda key, run: self.cancelled.append((key, run)),
        )

    def see(self, item: Any) -> None:
        self.resources.take(self.resources.read(item))


@pytest.fixture
def seen() -> Seen:
    return Seen()


def item(generation: int = 1, *, uid: str = "u1", status: Any = None, metadata: Any = None, **spec: Any) -> Any:
    return {
        "apiVersion": "scheduledtask.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {
            "name": "report",
            "namespace": "team",
            "uid": uid,
            "resourceVersion": str(generation),
            "generation": generation,
            "creationTimestamp": CREATED,
            **(metadata or {}),
        },
        "spec": {"schedule": "@daily", "task": "report", **spec},
        "status": status or {},
    }


def since(time: str, rule: str = "r1") -> Any:
    return {"scheduleSince": {"time": time, "rule": rule, "suspended": False}}


def test_a_good_version_is_a_resource_with_its_generation(seen: Seen) -> None:
    seen.see(item(3))
    resource = seen.resources.get(KEY)

    assert resource is not None
    assert resource.task is not None
    assert (resource.task.spec.task, resource.problem, resource.generation) == ("report", "", 3)


def test_a_bad_version_keeps_the_last_good_one_and_says_what_is_wrong(seen: Seen) -> None:
    seen.see(item(1))
    seen.see(item(2, schedule="* * *"))
    resource = seen.resources.get(KEY)

    assert resource is not None
    assert resource.task is not None
    assert resource.task.spec.schedule == "@daily"
    assert resource.problem.startswith('spec.schedule: "* * *"')
    assert resource.generation == 2


def test_another_object_of_that_name_has_no_last_good_version(seen: Seen) -> None:
    seen.see(item(1))
    seen.see(item(1, uid="u2", schedule="* * *"))
    resource = seen.resources.get(KEY)

    assert resource is not None
    assert resource.task is None


def test_a_change_of_the_status_alone_asks_for_no_reconcile(seen: Seen) -> None:
    seen.see(item(1))
    seen.see(item(1, status={"state": "Running"}))

    assert seen.changed == [KEY]
    assert seen.watched == [KEY, KEY]
    observed = seen.resources.observed(KEY)
    assert observed is not None
    assert observed.status == {"state": "Running"}


def test_what_is_being_deleted_is_gone_before_it_is(seen: Seen) -> None:
    seen.see(item(1))
    seen.see(item(1, metadata={"deletionTimestamp": CREATED}))

    assert seen.resources.get(KEY) is None
    assert seen.changed == [KEY, KEY]


def test_in_a_namespace_that_goes_nothing_is_there(seen: Seen) -> None:
    seen.see(item(1))
    seen.resources.namespace_terminating("team")
    assert seen.resources.get(KEY) is None
    assert seen.changed == [KEY, KEY]

    seen.resources.namespace_gone("team")
    assert seen.resources.get(KEY) is not None


def test_a_cancel_annotation_is_told_when_it_is_written_and_not_again(seen: Seen) -> None:
    annotated = {"annotations": {"scheduledtask.dev/cancel": "report-1"}}
    seen.see(item(1))
    seen.see(item(1, metadata=annotated))
    seen.see(item(1, metadata=annotated, status={"state": "Running"}))

    assert seen.cancelled == [(KEY, "report-1")]


def test_since_when_a_schedule_counts_is_found_in_the_status_after_a_restart(seen: Seen) -> None:
    seen.see(item(1, status=since("2026-03-01T12:00:00Z")))

    known = seen.memory.first_seen(KEY)
    assert known is not None
    assert known.effective_from == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert known.created_at == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("leads", "taken"), [(False, 5), (True, 4)])
def test_who_does_not_lead_takes_over_what_the_leader_wrote(leads: bool, taken: int) -> None:
    seen = Seen(leads=leads)
    created = datetime(2026, 1, 1, tzinfo=UTC)
    seen.see(item(1))
    seen.memory.remember(KEY, FirstSeen(created, datetime(2026, 3, 4, tzinfo=UTC), "r1", suspended=False))

    seen.see(item(1, status=since("2026-03-05T00:00:00Z")))
    seen.see(item(1, status=since("2026-03-06T00:00:00Z", rule="an older rule")))

    known = seen.memory.first_seen(KEY)
    assert known is not None
    assert known.effective_from.day == taken
    assert seen.changed.count(KEY) == (1 if leads else 2)


def test_who_comes_again_under_the_name_of_one_that_went_counts_anew(seen: Seen) -> None:
    seen.see(item(1, status=since("2026-03-01T12:00:00Z")))
    seen.resources.drop(item(1))
    seen.see(item(1, uid="u2"))

    assert seen.memory.first_seen(KEY) is None


@given(st.dictionaries(st.text() | st.sampled_from(["metadata", "spec", "status", "kind", "apiVersion"]), JSON))
def test_no_object_whatever_is_in_it_makes_trouble(data: dict[str, Any]) -> None:
    seen = Seen()
    seen.see(data)
    seen.resources.drop(data)

    assert seen.resources.keys() == []


@given(
    spec=JSON | st.dictionaries(st.sampled_from(FIELDS) | st.text(), JSON),
    status=JSON | st.fixed_dictionaries({"scheduleSince": JSON}),
    metadata=st.dictionaries(st.sampled_from(["annotations", "labels", "generation", "deletionTimestamp"]), JSON),
)
def test_an_object_of_ours_with_anything_in_it_is_a_resource_or_says_why_not(
    spec: Any, status: Any, metadata: dict[str, Any]
) -> None:
    seen = Seen()
    seen.see({**item(metadata=metadata, status=status), "spec": spec})
    resource = seen.resources.get(KEY)

    assert resource is None or resource.task is not None or resource.problem


# --- a namespace is paused


@pytest.mark.parametrize(
    ("value", "paused"), [("true", True), ("True", True), ("false", False), ("", False), ("1", False)]
)
def test_an_annotation_pauses_every_task_of_its_namespace(seen: Seen, value: str, paused: bool) -> None:
    namespaces = Namespaces([], seen.resources.namespace_paused)
    seen.see(item())
    seen.changed.clear()

    namespaces.changed({"metadata": {"name": "team", "annotations": {"scheduledtask.dev/paused": value}}})
    namespaces.changed({"metadata": {"name": "team", "annotations": {"scheduledtask.dev/paused": value}}})

    assert seen.resources.get(KEY).is_paused is paused
    assert seen.changed == ([KEY] if paused else [])


@pytest.mark.parametrize("metadata", [{"name": "team"}, {"name": "team", "annotations": {"a": "b"}}])
def test_without_the_annotation_they_go_on(seen: Seen, metadata: Any) -> None:
    namespaces = Namespaces([], seen.resources.namespace_paused)
    seen.see(item())
    namespaces.changed({"metadata": {"name": "team", "annotations": {"scheduledtask.dev/paused": "true"}}})

    namespaces.changed({"metadata": metadata})

    assert seen.resources.get(KEY).is_paused is False


def test_a_namespace_that_comes_again_is_not_paused(seen: Seen) -> None:
    namespaces = Namespaces([], seen.resources.namespace_paused)
    paused = {"metadata": {"name": "team", "annotations": {"scheduledtask.dev/paused": "true"}}}
    namespaces.changed(paused)

    namespaces.gone(paused)

    seen.see(item())
    assert seen.resources.get(KEY).is_paused is False
