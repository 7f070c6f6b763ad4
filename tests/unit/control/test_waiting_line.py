"""Requests of one ScheduledTask take their turns in the order in which they were made."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.control.run_requests import RequestKey
from scheduledtask_operator.control.waiting_line import WaitingLine
from scheduledtask_workloads.contract import TaskKey

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TASKS = [TaskKey("team", name) for name in "ab"]
ENTRIES = st.tuples(st.sampled_from("klmnop"), st.sampled_from(TASKS), st.integers(0, 3))
LEAVING = st.tuples(st.sampled_from("klmnop"), st.none(), st.just(0))


def request(name: str) -> RequestKey:
    return RequestKey("team", name)


@given(st.lists(ENTRIES | LEAVING, max_size=30))
def test_it_is_a_sorted_list_of_those_who_wait(steps: list[tuple[str, TaskKey | None, int]]) -> None:
    line, waiting = WaitingLine(), {}
    for name, task, seconds in steps:
        if task is None:
            before = waiting.pop(request(name), None)
            assert line.leave(request(name)) == (before[0] if before else None)
        else:
            waiting[request(name)] = (task, NOON + timedelta(seconds=seconds))
            line.enter(request(name), *waiting[request(name)])

    for task in TASKS:
        expected = sorted((at, key) for key, (wanted, at) in waiting.items() if wanted == task)
        assert line.first(task, None) == [key for _, key in expected]
        assert line.first(task, 2) == line.first(task, None)[:2]
        assert [line.ahead(key) for _, key in expected] == list(range(len(expected)))


def test_one_that_does_not_wait_has_nobody_ahead() -> None:
    assert WaitingLine().ahead(request("k")) == 0
