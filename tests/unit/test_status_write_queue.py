"""Which status is written next: urgent ones at once, the others within the budget, none forgotten."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.cluster.write_queue import Rank, WriteBudget, WriteQueue

BUDGET = WriteBudget(routine_period_seconds=30, failure_period_seconds=5, settle_seconds=2, writes_per_second=10)
URGENT, FAILURE, ROUTINE = Rank


def taken(queue: WriteQueue[str], now: float) -> list[str]:
    """All that may be written at this moment, as if each were."""
    keys = []
    while (entry := queue.take(now)) is not None:
        keys.append(entry[0])
        queue.done(entry[0], now)
    return keys


@pytest.fixture
def queue() -> WriteQueue[str]:
    return WriteQueue(BUDGET, 0.0)


def test_urgent_ones_come_at_once_and_before_failures_and_those_before_the_rest(queue: WriteQueue[str]) -> None:
    queue.put("routine", ROUTINE, 0.0)
    queue.put("failure", FAILURE, 0.0)
    queue.put("urgent", URGENT, 0.0)

    assert taken(queue, 0.0) == ["urgent", "failure"]
    assert taken(queue, 2.0) == ["routine"]


def test_ten_thousand_urgent_ones_wait_for_no_budget(queue: WriteQueue[str]) -> None:
    for number in range(10_000):
        queue.put(str(number), URGENT, 0.0)

    assert len(taken(queue, 0.0)) == 10_000


def test_a_routine_change_waits_for_what_comes_with_it(queue: WriteQueue[str]) -> None:
    queue.put("a", ROUTINE, 0.0)
    queue.put("a", ROUTINE, 1.9)

    assert taken(queue, 1.9) == []
    assert taken(queue, 2.0) == ["a"]


def test_an_object_has_one_routine_write_a_period(queue: WriteQueue[str]) -> None:
    queue.put("a", ROUTINE, 0.0)
    taken(queue, 2.0)
    queue.put("a", ROUTINE, 3.0)

    assert taken(queue, 31.9) == []
    assert queue.wait_seconds(31.9) == pytest.approx(0.1)
    assert taken(queue, 32.0) == ["a"]


def test_a_failure_does_not_wait_for_that(queue: WriteQueue[str]) -> None:
    queue.put("a", ROUTINE, 0.0)
    taken(queue, 2.0)
    queue.put("a", ROUTINE, 3.0)
    queue.put("a", FAILURE, 4.0)

    assert taken(queue, 6.9) == []
    assert taken(queue, 7.0) == ["a"]
    assert len(queue) == 0


def test_what_becomes_less_urgent_meanwhile_stays_first(queue: WriteQueue[str]) -> None:
    queue.put("a", URGENT, 0.0)
    queue.put("a", ROUTINE, 0.0)

    assert queue.take(0.0) == ("a", URGENT)


def test_the_longest_waiting_comes_first(queue: WriteQueue[str]) -> None:
    for number in range(100):
        queue.put(f"{number:03}", ROUTINE, number / 100)

    order = [key for second in range(2, 14) for key in taken(queue, float(second))]

    assert order == sorted(order)
    assert len(order) == 100


def test_what_was_refused_waits_as_it_was_told_whatever_is_put_meanwhile(queue: WriteQueue[str]) -> None:
    queue.put("a", URGENT, 0.0)
    queue.take(0.0)
    queue.put("a", ROUTINE, 0.5)
    queue.retry("a", URGENT, 1.0, 8.0)
    queue.put("a", URGENT, 1.0)

    assert queue.take(8.9) is None
    assert queue.take(9.0) == ("a", URGENT)
    assert queue.take(99.0) is None


def test_in_a_hurry_nothing_waits_but_what_was_refused(queue: WriteQueue[str]) -> None:
    for number in range(50):
        queue.put(str(number), ROUTINE, 0.0)
    queue.retry("refused", ROUTINE, 0.0, 5.0)

    queue.hurry(0.0)
    queue.put("later", ROUTINE, 0.0)

    assert len(taken(queue, 0.0)) == 51
    assert taken(queue, 5.0) == ["refused"]


def test_what_is_dropped_or_forgotten_is_not_written(queue: WriteQueue[str]) -> None:
    queue.put("a", URGENT, 0.0)
    queue.put("b", URGENT, 0.0)
    queue.drop("a")
    queue.forget("b")

    assert taken(queue, 99.0) == []
    assert queue.wait_seconds(99.0) is None


events = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from([FAILURE, ROUTINE, ROUTINE]), st.floats(0, 3)), max_size=80
)


@given(events)
def test_the_budget_is_kept_and_all_is_written_in_the_end(happening: list[tuple[str, Rank, float]]) -> None:
    queue: WriteQueue[str] = WriteQueue(BUDGET, 0.0)
    now, writes, wanted = 0.0, [], set()

    def write() -> None:
        for key in taken(queue, now):
            writes.append((now, key))
            wanted.discard(key)

    for key, rank, pause in happening:
        queue.put(key, rank, now)
        wanted.add(key)
        write()
        now += pause
    while (wait := queue.wait_seconds(now)) is not None:
        now += wait + 1e-6
        write()

    assert not wanted
    for key in "abcdef":
        times = [at for at, written in writes if written == key]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert all(gap >= BUDGET.failure_period_seconds - 1e-6 for gap in gaps)
    for at, _ in writes:
        assert sum(at <= other < at + 1 for other, _ in writes) <= 2 * BUDGET.writes_per_second


def test_ten_thousand_that_change_with_redis_stay_within_the_budget_and_a_failure_passes_them(
    queue: WriteQueue[str],
) -> None:
    """Redis comes and goes as fast as it is ever told, for ten minutes."""
    written: list[float] = []
    failed_after: list[float] = []
    for second in range(600):
        if second % 15 == 0:
            for number in range(10_000):
                queue.put(str(number), ROUTINE, second)
        queue.put(f"failed-{second}", FAILURE, second)
        keys = taken(queue, second)
        failed_after += [second - int(key.removeprefix("failed-")) for key in keys if key.startswith("failed-")]
        written += [second] * len(keys)

    assert len(written) <= BUDGET.writes_per_second * 601
    assert len(failed_after) == 600
    assert max(failed_after) == 0
