"""A pool gets smaller by those that never came up, then by idle workers that have said that they drain."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduledtask_operator.cluster.leaving import choose_leavers
from scheduledtask_operator.cluster.pool_objects import WorkerPod
from scheduledtask_workloads.contract.messages import WorkerSeen


def pod(name: str, **fields: Any) -> WorkerPod:
    defaults: dict[str, Any] = {
        "ready": True,
        "terminating": False,
        "ran": True,
        "busy": False,
        "marked": False,
        "problem": "",
    }
    return WorkerPod(name=name, **{**defaults, **fields})


def worker(host: str, runs: int = 0, draining: bool = False) -> WorkerSeen:
    return WorkerSeen(host=host, runs=runs, draining=draining)


def test_an_idle_worker_is_asked_to_drain_before_the_count_falls() -> None:
    step = choose_leavers([pod("a"), pod("b")], [worker("a", runs=1), worker("b")], replicas=2, wanted=1)
    assert (step.drain, step.mark, step.replicas) == (("b",), (), 2)


def test_one_that_drains_with_a_run_has_not_confirmed() -> None:
    """It had taken a run when it was asked."""
    step = choose_leavers([pod("a"), pod("b")], [worker("a", 1), worker("b", 1, draining=True)], replicas=2, wanted=1)
    assert (step.drain, step.mark, step.replicas) == ((), (), 2)


def test_one_that_has_confirmed_is_marked_first_and_goes_when_the_mark_is_seen() -> None:
    workers = [worker("a", 1), worker("b", draining=True)]
    step = choose_leavers([pod("a"), pod("b")], workers, replicas=2, wanted=1)
    assert (step.drain, step.mark, step.replicas) == (("b",), ("b",), 2)
    step = choose_leavers([pod("a"), pod("b", marked=True)], workers, replicas=2, wanted=1)
    assert (step.drain, step.mark, step.replicas) == (("b",), (), 1)


def test_the_last_ones_need_no_mark() -> None:
    step = choose_leavers([pod("a")], [worker("a", draining=True)], replicas=1, wanted=0)
    assert (step.mark, step.replicas) == ((), 0)


def test_those_that_never_came_up_go_at_once_even_when_nothing_is_known() -> None:
    pods = [pod("a"), pod("b", ready=False, ran=False)]
    assert choose_leavers(pods, None, replicas=3, wanted=0).replicas == 1


def test_a_worker_that_restarts_again_and_again_holds_nobody_up() -> None:
    pods = [pod("a"), pod("b", ready=False)]
    assert choose_leavers(pods, [worker("a", 1)], replicas=2, wanted=0).replicas == 1
    assert choose_leavers(pods, None, replicas=2, wanted=0).replicas == 2


def test_a_ready_worker_that_the_scheduler_does_not_see_stays() -> None:
    assert choose_leavers([pod("a")], [], replicas=1, wanted=0).replicas == 1


def test_who_drains_already_is_chosen_again() -> None:
    workers = [worker("a"), worker("b"), worker("c", draining=True)]
    assert choose_leavers([pod("a"), pod("b"), pod("c")], workers, replicas=3, wanted=2).drain == ("c",)


def test_a_mark_on_one_that_stays_after_all_is_taken_off() -> None:
    pods = [pod("a", marked=True), pod("b")]
    assert choose_leavers(pods, [worker("a", 1), worker("b")], replicas=2, wanted=1).unmark == ("a",)


def test_while_a_new_shape_comes_the_old_pods_run_is_not_given_up_for_the_new_ones_idleness() -> None:
    """There are two pods for one replica then, and only one of them is ours to give."""
    workers = [worker("old", 1), worker("new", draining=True)]
    assert choose_leavers([pod("old"), pod("new", marked=True)], workers, replicas=1, wanted=0).replicas == 1
    assert choose_leavers([pod("old"), pod("new", ready=False, ran=False)], None, replicas=1, wanted=0).replicas == 1


def test_one_that_is_absent_and_drains_is_counted_once() -> None:
    pods = [pod("a"), pod("b", ready=False, ran=False)]
    assert choose_leavers(pods, [worker("a", 1), worker("b", draining=True)], replicas=2, wanted=0).replicas == 1


pods_and_workers = st.lists(
    st.tuples(
        st.builds(
            pod,
            name=st.uuids().map(str),
            ready=st.booleans(),
            ran=st.booleans(),
            marked=st.booleans(),
            terminating=st.booleans(),
        ),
        st.none() | st.builds(worker, host=st.just(""), runs=st.integers(0, 2), draining=st.booleans()),
    ),
    max_size=6,
)


@settings(max_examples=500)
@given(pods_and_workers, st.integers(0, 8), st.integers(0, 8))
def test_the_count_never_falls_by_more_than_may_go(
    both: list[tuple[WorkerPod, WorkerSeen | None]], replicas: int, wanted: int
) -> None:
    """Whatever is known: never below what is wanted, never at the cost of a worker with a run."""
    pods = [each for each, _ in both]
    workers = [seen.model_copy(update={"host": each.name}) for each, seen in both if seen is not None]
    step = choose_leavers(pods, workers, replicas, wanted)
    busy = sum(not each.terminating and each.ran and bool(seen and seen.runs) for each, seen in both)
    assert min(replicas, wanted) <= step.replicas <= replicas
    assert step.replicas == replicas or step.replicas >= busy
    idle = {seen.host for seen in workers if not seen.runs}
    assert set(step.drain) <= idle
    assert set(step.mark) <= set(step.drain)
