"""What is said of Redis on every task: at rest while it comes and goes, since each word is a write of every status."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.control.redis_view import SETTLE_SECONDS, RedisView
from scheduledtask_workloads.contract.messages import SchedulerStatus


def said(reachable: bool, problem: str = "") -> SchedulerStatus:
    return SchedulerStatus(
        jobs=1, redis_reachable=reachable, runners_connected=True, runs_in_flight=0, redis_problem=problem
    )


def heard(view: RedisView, reachable: bool, begin: float, seconds: float) -> float | None:
    """The same each second from `begin` on; after how many of them something else was to be said."""
    for after in range(int(seconds) + 1):
        if view.hear(said(reachable), begin + after):
            return after
    return None


def test_nothing_is_known_before_the_scheduler_has_said_something() -> None:
    assert RedisView().is_down is None


def test_a_redis_that_answers_is_known_at_once() -> None:
    view = RedisView()

    assert view.hear(said(True), 100.0)
    assert view.is_down is False
    assert not view.hear(said(True), 101.0)


def test_it_is_down_when_it_was_away_for_a_while_and_back_when_it_answered_for_as_long() -> None:
    view = RedisView()
    view.hear(said(True), 0.0)

    assert heard(view, False, 1.0, 60) == SETTLE_SECONDS
    assert view.is_down is True
    assert heard(view, True, 100.0, 60) == SETTLE_SECONDS
    assert view.is_down is False


def test_a_redis_that_never_answered_is_down_after_a_while_too() -> None:
    view = RedisView()

    assert heard(view, False, 0.0, 60) == SETTLE_SECONDS
    assert view.is_down is True


def test_a_restart_of_redis_is_not_told() -> None:
    view = RedisView()
    view.hear(said(True), 0.0)

    assert heard(view, False, 1.0, SETTLE_SECONDS - 1) is None
    assert heard(view, True, SETTLE_SECONDS + 1, 60) is None


def test_what_a_person_must_mend_is_told_at_once() -> None:
    view = RedisView()
    view.hear(said(True), 0.0)

    assert view.hear(said(False, "WRONGPASS"), 1.0)
    assert (view.problem, view.is_down) == ("WRONGPASS", False)
    assert view.hear(said(True), 2.0)
    assert view.problem == ""


def test_the_silence_of_the_scheduler_is_none_of_redis() -> None:
    view = RedisView()
    view.hear(said(True), 0.0)
    view.hear(said(False), 1.0)

    view.scheduler_gone()

    assert not view.hear(said(False), 100.0)
    assert not view.hear(said(True), 101.0)


@given(st.lists(st.tuples(st.booleans(), st.integers(min_value=1, max_value=40)), max_size=60))
def test_however_it_comes_and_goes_two_words_of_it_are_never_nearer_than_it_takes_to_settle(
    phases: list[tuple[bool, int]],
) -> None:
    view, now, changes = RedisView(), 0.0, []
    view.hear(said(True), now)
    for reachable, seconds in phases:
        for _ in range(seconds):
            now += 1.0
            if view.hear(said(reachable), now):
                changes.append(now)

    assert all(later - earlier >= SETTLE_SECONDS for earlier, later in pairwise(changes))
