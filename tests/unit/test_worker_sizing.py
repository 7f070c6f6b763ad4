"""A worker is as large as its runs need, takes as many as fit, and says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.decisions.jobs import memory_limit_bytes
from scheduledtask_operator.decisions.sizing import (
    MAX_RUNS_PER_POD,
    WORKER_BASE_BYTES,
    WORKER_BASE_LIMIT_BYTES,
    RunNeed,
    run_need,
    size_worker,
)
from scheduledtask_workloads.contract import ConcurrencyPolicy, Job, Requirement, TaskClass, TaskProfile

GB = 1000**3
MIB = 1024**2


def need(memory_bytes: int | None = None, at_once: int = 1, cpu_millicores: int = 250) -> RunNeed:
    return RunNeed(memory_bytes, memory_limit_bytes(memory_bytes, TaskClass.HEAVY), cpu_millicores, at_once)


def job(**fields: object) -> Job:
    return Job.model_validate({"namespace": "a", "name": "b", "task_class": "Heavy", "task": "t", **fields})


needs = st.builds(
    need,
    memory_bytes=st.none() | st.integers(1, 2**40),
    at_once=st.integers(1, 10_000),
    cpu_millicores=st.integers(1, 64_000),
)


@given(st.lists(needs, min_size=1, max_size=5))
def test_a_pod_holds_its_runs_at_their_limits_and_the_worker_itself(asked: list[RunNeed]) -> None:
    size = size_worker(asked)
    for largest in asked:
        assert size.memory_limit_bytes >= WORKER_BASE_LIMIT_BYTES + size.runs_per_pod * (
            largest.memory_limit_bytes or 0
        )
        assert size.memory_request_bytes >= WORKER_BASE_BYTES + size.runs_per_pod * (largest.memory_bytes or 0)
    assert size.memory_limit_bytes > size.memory_request_bytes
    assert 1 <= size.runs_per_pod <= MAX_RUNS_PER_POD
    assert size.runs_per_pod <= sum(one.at_once for one in asked)


@given(st.lists(needs, min_size=1, max_size=5))
def test_the_order_of_the_tasks_changes_nothing(asked: list[RunNeed]) -> None:
    assert size_worker(asked) == size_worker(asked[::-1])


def test_the_inventorys_training_of_2_to_16_gb_is_written_by_its_peak_and_gets_it_with_headroom() -> None:
    size = size_worker([need(16 * GB)])
    assert size.memory_request_bytes == 96 * MIB + 16 * GB
    assert size.memory_limit_bytes == 192 * MIB + 22 * GB
    assert size.runs_per_pod == 1
    assert size.reasons[:2] == (
        "memory request 96Mi for the worker and 1 x 16G (profile.memory)",
        "memory limit 192Mi for the worker and 1 x 20G (a run's limit) and 10% over it",
    )


def test_nothing_declared_gets_a_default_that_says_so() -> None:
    size = size_worker([need()])
    assert (size.memory_request_bytes, size.runs_per_pod) == ((96 + 512) * MIB, 1)
    assert "as profile.memory is not declared" in size.reasons[0]
    assert "the default limit" in size.reasons[1]


@pytest.mark.parametrize(
    ("memory_bytes", "at_once", "runs", "reason"),
    [
        (200_000_000, 1, 1, "no more are usual at once"),
        (200_000_000, 4, 4, "so many are usual at once"),
        (100_000_000, 50, 8, "a pod takes at most so many"),
        (500_000_000, 50, 3, "2Gi hold so many"),
        (2 * GB, 50, 1, "runs share one while 2Gi hold their limits"),
        (None, 50, 1, "not declared"),
    ],
)
def test_small_runs_share_a_pod_and_large_ones_do_not(
    memory_bytes: int | None, at_once: int, runs: int, reason: str
) -> None:
    size = size_worker([need(memory_bytes, at_once)])
    assert size.runs_per_pod == runs
    assert reason in size.reasons[-1]


def test_tasks_that_share_a_pool_share_its_pods_too() -> None:
    assert size_worker([need(100_000_000), need(200_000_000), need(150_000_000)]).runs_per_pod == 3


def test_a_large_run_in_a_pool_of_small_ones_has_its_pod_to_itself() -> None:
    size = size_worker([need(100_000_000, at_once=8), need(16 * GB)])
    assert (size.runs_per_pod, size.memory_request_bytes) == (1, 96 * MIB + 16 * GB)


@pytest.mark.parametrize(
    ("profile", "millicores"),
    [
        (TaskProfile(memory_bytes=8 * GB), 500),
        (TaskProfile(memory_bytes=8 * GB, requires=(Requirement.EXTERNAL_SERVICE,)), 500),
        (TaskProfile(requires=(Requirement.EXTERNAL_SERVICE,)), 100),
        (TaskProfile(memory_bytes=GB), 250),
        (TaskProfile(), 250),
    ],
)
def test_cpu_follows_from_what_a_run_does(profile: TaskProfile, millicores: int) -> None:
    assert run_need(profile, job()).cpu_millicores == millicores


@pytest.mark.parametrize(
    ("concurrency", "max_concurrency", "policy", "at_once"),
    [
        (None, 1, ConcurrencyPolicy.FORBID, 1),
        (5, 1, ConcurrencyPolicy.FORBID, 1),
        (5, 20, ConcurrencyPolicy.FORBID, 5),
        (None, 20, ConcurrencyPolicy.FORBID, 20),
        (5, 1, ConcurrencyPolicy.ALLOW, 5),
        (None, 1, ConcurrencyPolicy.ALLOW, 1),
    ],
)
def test_as_many_at_once_as_are_usual_and_may_be(
    concurrency: int | None, max_concurrency: int, policy: ConcurrencyPolicy, at_once: int
) -> None:
    asked = job(max_concurrency=max_concurrency, concurrency_policy=policy)
    assert run_need(TaskProfile(concurrency=concurrency), asked).at_once == at_once


def test_the_runs_limit_is_the_one_that_the_worker_enforces() -> None:
    limit_bytes = memory_limit_bytes(8 * GB, TaskClass.HEAVY)
    assert run_need(TaskProfile(memory_bytes=8 * GB), job(memory_limit_bytes=limit_bytes)).memory_limit_bytes == 10 * GB
