"""Which runs follow from a run's end."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.status_values import NOW, run

from scheduledtask_operator.api import Trigger
from scheduledtask_operator.decisions.triggers import (
    DEPTH_LIMIT,
    LATE_SECONDS,
    Follower,
    ring_through,
    runs_that_follow,
)
from scheduledtask_workloads.contract import RunState, TaskKey

PARENT, CHILD = TaskKey("team", "report"), TaskKey("team", "tell")
ENDED = run(0, RunState.FAILED, message="no such table", result={"rows": 3})
ENDED_AT = datetime.fromtimestamp(ENDED.ended_at or 0, UTC)
LATER = ENDED_AT + timedelta(seconds=2)


def follower(*outcomes: str, of: str = "report", key: TaskKey = CHILD, since: datetime | None = NOW) -> Follower:
    trigger = Trigger.model_validate({"scheduledTask": of, "outcomes": list(outcomes) or ["Failed"]})
    return Follower(key, (trigger,), since)


def test_the_run_that_follows_is_told_of_the_one_that_ended() -> None:
    (following,) = runs_that_follow(ENDED, [follower()], "/artifacts/", LATER)

    cause = following.cause
    assert following.key == CHILD
    assert (cause.scheduled_task, cause.run_id, cause.outcome, cause.reason) == (
        "report",
        "report-0",
        "Failed",
        "Raised",
    )
    assert (cause.message, cause.result, cause.attempts) == ("no such table", {"rows": 3}, 1)
    assert cause.artifacts_url == "/artifacts/team/report/report-0"
    assert (cause.depth, following.too_deep) == (1, False)


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (follower("Succeeded", "Lost"), "another outcome"),
        (follower(of="other"), "another task"),
        (follower(key=TaskKey("others", "tell")), "another namespace"),
        (follower(since=None), "it follows nothing now"),
        (follower(since=ENDED_AT + timedelta(milliseconds=1)), "it ended before the trigger was written"),
    ],
)
def test_nothing_follows_where_the_trigger_does_not_hold(who: Follower, why: str) -> None:
    assert runs_that_follow(ENDED, [who], "", LATER) == [], why


@pytest.mark.parametrize("state", [state for state in RunState if state.final and state is not RunState.SKIPPED])
def test_each_outcome_can_be_followed(state: RunState) -> None:
    assert len(runs_that_follow(run(0, state), [follower(state.value)], "", LATER)) == 1


@pytest.mark.parametrize("state", [state for state in RunState if not state.final])
def test_what_has_not_ended_is_followed_by_nothing(state: RunState) -> None:
    everything = follower("Succeeded", "Failed", "TimedOut", "Cancelled", "Lost")

    assert runs_that_follow(run(0, state), [everything], "", LATER) == []


def test_the_name_is_the_same_whenever_it_is_decided_and_another_for_another_end() -> None:
    early, late = (runs_that_follow(ENDED, [follower()], "", at)[0] for at in (LATER, LATER + timedelta(hours=3)))
    other = runs_that_follow(run(1, RunState.FAILED), [follower()], "", LATER + timedelta(hours=1))[0]

    assert early.name == late.name != other.name


def test_a_name_of_full_length_leaves_room_for_what_is_appended() -> None:
    (following,) = runs_that_follow(ENDED, [follower(key=TaskKey("team", "n" * 52))], "", LATER)

    assert len(following.name) == 63


def test_two_triggers_that_hold_start_one_run() -> None:
    twice = follower("Failed").triggers + follower("Failed", "Lost").triggers

    assert len(runs_that_follow(ENDED, [Follower(CHILD, twice, NOW)], "", LATER)) == 1


@pytest.mark.parametrize(("seconds", "runs"), [(LATE_SECONDS - 1, 1), (LATE_SECONDS + 1, 0)])
def test_what_is_told_of_too_late_is_not_followed(seconds: float, runs: int) -> None:
    assert len(runs_that_follow(ENDED, [follower()], "", ENDED_AT + timedelta(seconds=seconds))) == runs


@pytest.mark.parametrize(("depth", "too_deep"), [(DEPTH_LIMIT - 1, False), (DEPTH_LIMIT, True)])
def test_a_chain_is_cut_at_its_bound(depth: int, too_deep: bool) -> None:
    deep = run(0, RunState.FAILED, trigger_depth=depth)

    (following,) = runs_that_follow(deep, [follower()], "", LATER)

    assert (following.cause.depth, following.too_deep) == (depth + 1, too_deep)


@pytest.mark.parametrize("result", ["x" * 5000, float("nan")])
def test_a_result_that_does_not_fit_is_left_out(result: object) -> None:
    (following,) = runs_that_follow(run(0, RunState.FAILED, result=result), [follower()], "", LATER)

    assert following.cause.result is None


# --- rings


def ring(first: str, **triggers: str) -> str:
    """`triggers`: for each task those whose ends start it."""
    parents = {TaskKey("team", name): [TaskKey("team", one) for one in said.split()] for name, said in triggers.items()}
    return " ".join(key.name for key in ring_through(TaskKey("team", first), lambda key: parents.get(key, [])))


def test_a_chain_and_a_diamond_are_no_rings() -> None:
    assert ring("c", b="a", c="b") == ""
    assert ring("d", b="a", c="a", d="b c") == ""


def test_a_ring_is_told_in_the_order_in_which_it_would_go_round() -> None:
    assert ring("a", a="c", b="a", c="b") == "a b c a"
    assert ring("b", a="c", b="a", c="b") == "b c a b"
    assert ring("a", a="a") == "a a"


def test_what_hangs_below_a_ring_is_in_none() -> None:
    assert ring("d", a="c", b="a", c="b", d="c") == ""


NAMES = [TaskKey("team", letter) for letter in "abcdef"]


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3)))
def test_a_ring_is_found_exactly_where_a_way_leads_back(parents: dict[TaskKey, list[TaskKey]]) -> None:
    for key in NAMES:
        reached: set[TaskKey] = set()
        waiting = list(parents.get(key, []))
        while waiting:
            if (one := waiting.pop()) not in reached:
                reached.add(one)
                waiting += parents.get(one, [])
        found = ring_through(key, lambda task: parents.get(task, []))
        assert bool(found) == (key in reached)
        for earlier, later in pairwise(found):
            assert earlier in parents[later]
