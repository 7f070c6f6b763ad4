"""Tasks that share a pool get one image, one pod template, room for each, and the longest grace."""

from typing import Any

import pytest

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_operator.decisions.sizing import Owner, PoolMember, RunNeed, pool_member, shape_pool
from scheduledtask_workloads.contract import Job, TaskProfile


def member(name: str, **fields: Any) -> PoolMember:
    defaults: dict[str, Any] = {
        "owner": Owner(name, f"uid-of-{name}"),
        "image": "ours:1",
        "pod_template": None,
        "need": RunNeed(100_000_000, 125_000_000, 250, 1),
        "timeout_seconds": 300.0,
    }
    return PoolMember(**{**defaults, **fields})


def test_a_pool_of_one_gets_what_that_one_asks_for() -> None:
    shape, conflicts = shape_pool([member("a", image="mine:2", pod_template={"spec": {}}, timeout_seconds=7200)])
    assert (shape.image, shape.pod_template, shape.grace_seconds) == ("mine:2", {"spec": {}}, 7260)
    assert shape.owners == (Owner("a", "uid-of-a"),)
    assert conflicts == {}


def test_the_longest_run_sets_the_grace_and_each_task_is_an_owner() -> None:
    shape, _ = shape_pool([member("b", timeout_seconds=60), member("a", timeout_seconds=3600)])
    assert shape.grace_seconds == 3660
    assert [owner.name for owner in shape.owners] == ["a", "b"]


def test_the_order_in_which_tasks_are_seen_changes_nothing() -> None:
    members = [member("c", image="third"), member("a", image="first"), member("b", image="second")]
    assert shape_pool(members) == shape_pool(members[::-1])


def test_the_first_by_name_wins_and_the_others_hear_what_they_miss() -> None:
    shape, conflicts = shape_pool([member("b", image="mine:2"), member("a"), member("c")])
    assert shape.image == "ours:1"
    assert conflicts == {
        "b": "spec.worker.image: 'mine:2' is not used, as the pool's workers are 'ours:1': ScheduledTask a names the "
        "same spec.worker.pool and comes first by name; give both the same, or this one a pool of its own"
    }


@pytest.mark.parametrize(("mine", "conflict"), [({"spec": {"priorityClassName": "low"}}, True), (None, False)])
def test_another_pod_template_is_a_conflict(mine: dict[str, Any] | None, conflict: bool) -> None:
    _, conflicts = shape_pool([member("a"), member("b", pod_template=mine)])
    assert ("spec.worker.podTemplate" in conflicts.get("b", "")) is conflict


def test_a_member_is_read_from_the_resource_with_the_default_image() -> None:
    task = ScheduledTask.model_validate(
        {
            "apiVersion": "scheduledtask.dev/v1alpha1",
            "kind": "ScheduledTask",
            "metadata": {"name": "train", "namespace": "ml", "uid": "1-2"},
            "spec": {"task": "model-training", "worker": {"podTemplate": {"spec": {"nodeSelector": {"gpu": "a"}}}}},
        }
    )
    job = Job.model_validate(
        {"namespace": "ml", "name": "train", "task_class": "Heavy", "task": "t", "timeout_seconds": 60}
    )
    read = pool_member(task, TaskProfile(), job, "default:1")
    assert (read.owner, read.image, read.timeout_seconds) == (Owner("train", "1-2"), "default:1", 60)
    assert read.pod_template == {"spec": {"nodeSelector": {"gpu": "a"}}}
