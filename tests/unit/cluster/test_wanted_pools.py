"""Which pools may be removed as those that nothing asks for; the rest of what is left of an earlier life stays."""

from collections.abc import Collection, Mapping

from tests.status_values import job

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_operator.cluster.wanted_pools import WantedPools
from scheduledtask_operator.control.ports import PoolKey, Resource
from scheduledtask_workloads.contract import TaskClass, TaskKey

GOOD, BAD = TaskKey("team", "report"), TaskKey("team", "broken")
UNREADABLE = Resource(None, "spec.schedule: must be a cron expression")


def wanted(
    resources: Mapping[TaskKey, Resource], owners: Mapping[PoolKey, Collection[str]] | None = None
) -> WantedPools:
    """`GOOD` alone has a job."""
    jobs = {key: job(TaskClass.HEAVY, key) for key in resources if key == GOOD}
    return WantedPools(resources, jobs, lambda pool: (owners or {}).get(pool, ()))


def test_a_bad_manifest_keeps_the_pools_of_others_from_nothing() -> None:
    pools = wanted({GOOD: UNREADABLE, BAD: UNREADABLE})

    assert PoolKey("team", "report") in pools
    assert PoolKey("team", "left-behind") not in pools


def test_a_bad_manifest_keeps_the_pool_of_its_own_name() -> None:
    assert PoolKey("team", "broken") in wanted({BAD: UNREADABLE})


def test_a_bad_manifest_keeps_a_pool_that_names_it_as_an_owner() -> None:
    shared, other = PoolKey("team", "gpu"), PoolKey("team", "cpu")
    pools = wanted({GOOD: UNREADABLE, BAD: UNREADABLE}, {shared: {"broken"}, other: {"gone"}})

    assert shared in pools
    assert other not in pools


def test_a_task_that_waits_for_its_catalog_keeps_the_pool_that_it_names() -> None:
    task = ScheduledTask.model_validate(
        {
            "apiVersion": "scheduledtask.dev/v1alpha1",
            "kind": "ScheduledTask",
            "metadata": {"name": BAD.name, "namespace": BAD.namespace},
            "spec": {"task": "model-training", "class": "Heavy", "worker": {"pool": "gpu"}},
        }
    )

    assert PoolKey("team", "gpu") in wanted({BAD: Resource(task)})


def test_namespaces_do_not_matter_to_each_other() -> None:
    pools = wanted({GOOD: UNREADABLE, BAD: UNREADABLE})

    assert PoolKey("others", "left-behind") in pools  # there is no resource: Kubernetes removes it
    assert PoolKey("team", "gone") not in wanted({GOOD: UNREADABLE, TaskKey("others", "gone"): UNREADABLE})
    assert PoolKey("others", "report") not in wanted({GOOD: UNREADABLE, TaskKey("others", "x"): UNREADABLE})
