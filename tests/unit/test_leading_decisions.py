"""Who may lead: each rule, with its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.decisions.leading import (
    BadTermsError,
    LeaseRecord,
    Move,
    Sighting,
    Tenure,
    Terms,
    judge_candidate,
    judge_leader,
    next_fence,
    see,
    valid_until,
)

TERMS = Terms()
NOW = 5000.0
THEIRS = LeaseRecord(holder="pod-b", duration_seconds=10, renewed="12:00", transitions=3, fence=41)
OURS = LeaseRecord(holder="pod-a", duration_seconds=10, renewed="12:00", transitions=3, fence=42)


def candidate(record: LeaseRecord | None, unchanged_seconds: float, *, spoke_seconds_ago: float = 0.5) -> Move:
    sighting = Sighting(record, since=NOW - unchanged_seconds, resumed_at=0.0)
    return judge_candidate("pod-a", sighting, NOW - spoke_seconds_ago, 0.0, TERMS, NOW).move


def leader(record: LeaseRecord | None, renewed_seconds_ago: float, *, acknowledged_seconds_ago: float = 0.5) -> Move:
    tenure = Tenure(42, NOW - renewed_seconds_ago)
    return judge_leader("pod-a", tenure, record, NOW - acknowledged_seconds_ago, TERMS, NOW).move


@pytest.mark.parametrize(
    ("record", "unchanged_seconds", "move"),
    [
        (THEIRS, 9.9, Move.WAIT),
        (THEIRS, 10.0, Move.ACQUIRE),
        (None, 9.9, Move.WAIT),
        (None, 10.0, Move.ACQUIRE),
        (OURS, 0.0, Move.ACQUIRE),
        (LeaseRecord("", 1, "12:00", 3, 41), 0.0, Move.ACQUIRE),
        (LeaseRecord("", 10, "12:00", 3, 41), 9.9, Move.WAIT),
        (LeaseRecord("pod-b", 60, "12:00", 3, 41), 59.0, Move.WAIT),
        (LeaseRecord("pod-b", 0, "", 0, 0), 9.9, Move.WAIT),
    ],
)
def test_a_candidate_takes_what_is_free_or_has_expired(
    record: LeaseRecord | None, unchanged_seconds: float, move: Move
) -> None:
    assert candidate(record, unchanged_seconds) is move


def test_a_candidate_whose_scheduler_is_silent_waits() -> None:
    assert candidate(THEIRS, 60.0, spoke_seconds_ago=3.5) is Move.WAIT


@pytest.mark.parametrize(
    ("record", "unchanged_seconds", "nobody_leads"),
    [(THEIRS, 1.0, False), (THEIRS, 10.0, True), (LeaseRecord("", 1, "12:00", 3, 41), 0.0, True), (None, 10.0, True)],
)
def test_a_silent_scheduler_is_told_apart_from_the_silence_of_all(
    record: LeaseRecord | None, unchanged_seconds: float, nobody_leads: bool
) -> None:
    sighting = Sighting(record, since=NOW - unchanged_seconds, resumed_at=0.0)

    verdict = judge_candidate("pod-a", sighting, NOW - 3.5, 0.0, TERMS, NOW)

    assert verdict.move is Move.WAIT
    assert ("nobody else leads" in verdict.reason) is nobody_leads


def test_only_a_change_of_what_counts_makes_another_lease_young_again() -> None:
    first = see(None, THEIRS, NOW, resumed=False)

    assert see(first, THEIRS, NOW + 5, resumed=False).since == NOW
    assert see(first, OURS, NOW + 5, resumed=False).since == NOW + 5


@pytest.mark.parametrize(
    ("record", "renewed_seconds_ago", "move"),
    [
        (OURS, 1.0, Move.HOLD),
        (OURS, 2.0, Move.RENEW),
        (OURS, 6.9, Move.RENEW),
        (OURS, 7.0, Move.LOSE),
        (None, 1.0, Move.RENEW),
        (THEIRS, 1.0, Move.LOSE),
        (LeaseRecord("pod-a", 10, "12:00", 3, 43), 1.0, Move.LOSE),
    ],
)
def test_a_leader_renews_until_it_is_too_late(
    record: LeaseRecord | None, renewed_seconds_ago: float, move: Move
) -> None:
    assert leader(record, renewed_seconds_ago) is move


def test_a_leader_whose_scheduler_acknowledges_nothing_releases() -> None:
    assert leader(OURS, 1.0, acknowledged_seconds_ago=6.9) is Move.HOLD
    assert leader(OURS, 1.0, acknowledged_seconds_ago=7.0) is Move.RELEASE


@given(renewed_at=st.floats(0, 1e6), acknowledged_at=st.floats(0, 1e6), now=st.floats(0, 1e6))
def test_a_leader_is_valid_exactly_as_long_as_it_is_not_to_stop(
    renewed_at: float, acknowledged_at: float, now: float
) -> None:
    tenure = Tenure(42, renewed_at)
    move = judge_leader("pod-a", tenure, OURS, acknowledged_at, TERMS, now).move

    assert (now < valid_until(tenure, acknowledged_at, TERMS)) is (move in (Move.HOLD, Move.RENEW))


@given(highest=st.integers(0, 2**40), epoch_seconds=st.floats(0, 2**40))
def test_a_leaders_number_is_more_than_any_before_and_no_less_than_the_time(highest: int, epoch_seconds: float) -> None:
    fence = next_fence(highest, epoch_seconds)

    assert fence > highest
    assert fence >= int(epoch_seconds)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"give_up_seconds": 10.0}, "another leads before this one has stopped"),
        ({"renew_seconds": 6.0}, "one slow request would end it"),
        ({"retry_seconds": 0.0}, "more than 0 s"),
    ],
)
def test_terms_under_which_two_could_lead_are_refused(terms: dict[str, float], said: str) -> None:
    with pytest.raises(BadTermsError, match=said):
        Terms(**terms)
