"""Which slot is due follows from the newest decided one and the clock, however long nobody looked."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_workloads.contract import CatchUp, Reason
from scheduledtask_workloads.schedule import due_time, parse_rule, slots_between
from scheduledtask_workloads.scheduler.slot_decision import (
    COUNT_LIMIT,
    NOTHING_DUE,
    PROMPT_SECONDS,
    SkippedSlots,
    SlotDecision,
    SlotPolicy,
    decide,
)

MINUTELY = parse_rule("* * * * *")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATEST = SlotPolicy(CatchUp.LATEST)
SKIP = SlotPolicy(CatchUp.SKIP)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def at(delta_seconds: float) -> datetime:
    return NOON + timedelta(seconds=delta_seconds)


def test_a_slot_runs_at_its_second() -> None:
    decision = decide(MINUTELY, LATEST, decided=seconds(at(-60)), now=at(0.001))

    assert decision == SlotDecision(run_slot=seconds(NOON), run_due_at=NOON.timestamp())


def test_a_decided_slot_is_not_due_again() -> None:
    assert decide(MINUTELY, LATEST, decided=seconds(NOON), now=at(30)) is NOTHING_DUE


def test_a_clock_that_was_put_back_makes_nothing_due() -> None:
    assert decide(MINUTELY, LATEST, decided=seconds(NOON), now=at(-3600)) is NOTHING_DUE


def test_after_an_absence_the_latest_runs_and_the_older_are_coalesced() -> None:
    decision = decide(MINUTELY, LATEST, decided=seconds(at(-600)), now=at(30))

    assert decision.run_slot == seconds(NOON)
    assert decision.skipped == (SkippedSlots(Reason.COALESCED, 9, seconds(at(-60))),)


def test_skip_lets_every_missed_slot_go() -> None:
    decision = decide(MINUTELY, SKIP, decided=seconds(at(-600)), now=at(30))

    assert decision.run_slot is None
    assert decision.skipped == (SkippedSlots(Reason.NOT_CAUGHT_UP, 10, seconds(NOON)),)


@pytest.mark.parametrize(("late_seconds", "runs"), [(PROMPT_SECONDS, True), (PROMPT_SECONDS + 0.1, False)])
def test_skip_still_runs_a_slot_that_is_only_a_little_late(late_seconds: float, runs: bool) -> None:
    decision = decide(MINUTELY, SKIP, decided=seconds(at(-60)), now=at(late_seconds))

    assert (decision.run_slot == seconds(NOON)) is runs


def test_skip_with_a_longer_deadline_runs_a_slot_within_it() -> None:
    policy = SlotPolicy(CatchUp.SKIP, starting_deadline_seconds=45)

    assert decide(MINUTELY, policy, decided=seconds(at(-60)), now=at(44)).run_slot == seconds(NOON)


@pytest.mark.parametrize(("late_seconds", "runs"), [(20.0, True), (20.1, False)])
def test_a_slot_past_its_deadline_is_skipped_as_such(late_seconds: float, runs: bool) -> None:
    policy = SlotPolicy(CatchUp.LATEST, starting_deadline_seconds=20)

    decision = decide(MINUTELY, policy, decided=seconds(at(-60)), now=at(late_seconds))

    assert (decision.run_slot == seconds(NOON)) is runs
    assert [skip.reason for skip in decision.skipped] == ([] if runs else [Reason.DEADLINE])


def test_a_year_away_is_counted_up_to_the_limit() -> None:
    decision = decide(MINUTELY, LATEST, decided=seconds(NOON - timedelta(days=365)), now=at(1))

    assert decision.run_slot == seconds(NOON)
    assert decision.skipped[0].count == COUNT_LIMIT


def jittered(identity: str = "team/report") -> SlotPolicy:
    return SlotPolicy(CatchUp.LATEST, jitter_seconds=50, identity=identity)


def due_of(slot: datetime, policy: SlotPolicy) -> datetime:
    return due_time(MINUTELY, slot, jitter_seconds=policy.jitter_seconds, identity=policy.identity)


def late_identity() -> str:
    """A task whose jitter at noon is neither none nor the most."""
    return next(
        f"team/{number}"
        for number in range(1000)
        if 5 <= (due_of(NOON, jittered(f"team/{number}")) - NOON).seconds < 50
    )


def test_jitter_holds_a_slot_until_its_instant() -> None:
    policy = jittered(late_identity())
    due = due_of(NOON, policy)

    early = decide(MINUTELY, policy, decided=seconds(at(-60)), now=due - timedelta(seconds=1))
    on_time = decide(MINUTELY, policy, decided=seconds(at(-60)), now=due)

    assert early == SlotDecision(hold_until=due.timestamp())
    assert on_time == SlotDecision(run_slot=seconds(NOON), run_due_at=due.timestamp())


def test_a_held_slot_does_not_hide_the_open_one_before_it() -> None:
    policy = jittered(late_identity())
    due = due_of(NOON, policy)

    decision = decide(MINUTELY, policy, decided=seconds(at(-120)), now=due - timedelta(seconds=1))

    assert (decision.run_slot, decision.hold_until) == (seconds(at(-60)), due.timestamp())


@given(
    period=st.integers(1, 4000),
    away_seconds=st.integers(0, 20_000),
    jitter_seconds=st.integers(0, 30),
    catch_up=st.sampled_from(CatchUp),
    deadline=st.none() | st.integers(0, 300),
)
def test_every_slot_up_to_now_is_run_skipped_or_held(
    period: int, away_seconds: int, jitter_seconds: int, catch_up: CatchUp, deadline: int | None
) -> None:
    rule = parse_rule(f"@every {period}s", anchor=NOON)
    policy = SlotPolicy(catch_up, deadline, jitter_seconds, "team/report")
    decided, now = seconds(NOON) - away_seconds, at(0.5)
    open_slots = [seconds(slot) for slot in slots_between(rule, at(-away_seconds), now)]

    decision = decide(rule, policy, decided=decided, now=now)

    ran = [] if decision.run_slot is None else [decision.run_slot]
    held = [] if decision.hold_until is None else open_slots[-1:]
    accounted = min(sum(skip.count for skip in decision.skipped), COUNT_LIMIT) + len(ran) + len(held)
    assert accounted == min(len(open_slots), COUNT_LIMIT + len(ran) + len(held))
    assert [*ran, *held] == open_slots[len(open_slots) - len(ran) - len(held) :] or not ran
