"""Light runs wait in their namespace's line, and the namespaces take turns."""

from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_workloads.contract import AttemptRef, RunOrder, TaskClass
from scheduledtask_workloads.scheduler.fair_queue import FairQueue
from scheduledtask_workloads.scheduler.light_run import key_of


def order(namespace: str, number: int) -> RunOrder:
    ref = AttemptRef(namespace=namespace, name="task", run_id=f"run-{number}", attempt=1, fence=1)
    return RunOrder(ref=ref, task_class=TaskClass.LIGHT, task="task")


def filled(*namespaces: str) -> FairQueue:
    queue = FairQueue()
    for number, namespace in enumerate(namespaces):
        item = order(namespace, number)
        queue.append(key_of(item), item)
    return queue


def emptied(queue: FairQueue) -> list[tuple[str, str]]:
    return [(key.namespace, key.run_id) for key in (key_of(queue.pop()) for _ in range(len(queue)))]


def test_namespaces_take_turns_and_each_keeps_its_order() -> None:
    assert emptied(filled("a", "a", "a", "b", "b", "c")) == [
        ("a", "run-0"),
        ("b", "run-3"),
        ("c", "run-5"),
        ("a", "run-1"),
        ("b", "run-4"),
        ("a", "run-2"),
    ]


def test_what_is_removed_is_told_and_does_not_come_any_more() -> None:
    queue = filled("a", "b", "a")

    removed = queue.remove(lambda key: key.run_id == "run-0")

    assert [key.run_id for key in removed] == ["run-0"]
    assert sorted(emptied(queue)) == [("a", "run-2"), ("b", "run-1")]


@given(st.lists(st.sampled_from("abcd")), st.sets(st.integers(0, 20)))
def test_everything_that_was_put_in_comes_out_once_or_was_removed(namespaces: list[str], unwanted: set[int]) -> None:
    queue = filled(*namespaces)

    removed = queue.remove(lambda key: int(key.run_id.removeprefix("run-")) in unwanted)

    left = [run_id for _, run_id in emptied(queue)]
    assert sorted([*left, *(key.run_id for key in removed)]) == sorted(f"run-{n}" for n in range(len(namespaces)))
    assert len(queue) == 0
