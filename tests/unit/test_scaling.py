"""A pool grows with what waits and what is about to come, and shrinks only when that is safe."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.decisions.scaling import PoolLimits, PoolObservation, decide_scale

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LIMITS = PoolLimits(min_replicas=0, max_replicas=4, idle_seconds=60)


def pool(**changes: object) -> PoolObservation:
    fields: dict[str, object] = {
        "replicas": 0,
        "ready": 0,
        "unacked": 0,
        "upcoming": (),
        "lead_time_seconds": 4.0,
        "busy_at": None,
    }
    return PoolObservation(**{**fields, **changes})  # type: ignore[arg-type]


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_nothing_to_do_needs_nobody() -> None:
    assert decide_scale(LIMITS, pool(), NOW).desired == 0


@pytest.mark.parametrize(("ready", "unacked", "expected"), [(1, 0, 1), (2, 1, 3), (9, 0, 4)])
def test_each_run_waiting_or_running_wants_a_worker_up_to_the_most(ready: int, unacked: int, expected: int) -> None:
    assert decide_scale(LIMITS, pool(ready=ready, unacked=unacked), NOW).desired == expected


def test_runs_share_a_worker_that_takes_several() -> None:
    limits = PoolLimits(min_replicas=0, max_replicas=4, idle_seconds=60, runs_per_replica=3)

    assert decide_scale(limits, pool(ready=4), NOW).desired == 2


def test_a_worker_is_started_before_its_slot_is_due() -> None:
    decision = decide_scale(LIMITS, pool(upcoming=[after(5)]), NOW)

    assert decision.desired == 1
    assert "lead time" in decision.reason


def test_a_slot_beyond_the_lead_time_starts_nobody() -> None:
    assert decide_scale(LIMITS, pool(upcoming=[after(7)]), NOW).desired == 0


def test_a_slot_that_is_just_due_still_counts() -> None:
    assert decide_scale(LIMITS, pool(upcoming=[after(-2)], replicas=1), NOW).desired == 1


@pytest.mark.parametrize(("ready", "unacked"), [(None, 0), (0, None), (None, None)])
def test_an_unknown_depth_holds_the_replicas(ready: int | None, unacked: int | None) -> None:
    assert decide_scale(LIMITS, pool(replicas=3, ready=ready, unacked=unacked), NOW).desired == 3


@pytest.mark.parametrize(("idle_seconds", "expected"), [(59, 1), (60, 0)])
def test_an_idle_worker_stays_for_idle_seconds(idle_seconds: float, expected: int) -> None:
    assert decide_scale(LIMITS, pool(replicas=1, busy_at=after(-idle_seconds)), NOW).desired == expected


def test_a_worker_is_kept_when_the_next_slot_is_nearer_than_a_cold_start() -> None:
    decision = decide_scale(LIMITS, pool(replicas=1, busy_at=after(-600), upcoming=[after(8)]), NOW)

    assert decision.desired == 1
    assert "cold start" in decision.reason


def test_min_replicas_stay_up_without_work() -> None:
    limits = PoolLimits(min_replicas=2, max_replicas=4, idle_seconds=0)

    assert decide_scale(limits, pool(replicas=4), NOW).desired == 2


@given(
    replicas=st.integers(0, 8),
    ready=st.integers(0, 50),
    unacked=st.integers(0, 50),
    upcoming=st.lists(st.floats(-20, 100).map(after), max_size=8),
    busy=st.none() | st.floats(0, 200).map(lambda seconds: after(-seconds)),
)
def test_desired_never_falls_below_what_is_running_up_to_the_most(
    replicas: int, ready: int, unacked: int, upcoming: list[datetime], busy: datetime | None
) -> None:
    decision = decide_scale(
        LIMITS, pool(replicas=replicas, ready=ready, unacked=unacked, upcoming=upcoming, busy_at=busy), NOW
    )

    assert decision.desired >= min(ready + unacked, LIMITS.max_replicas)
    assert decision.desired <= max(replicas, LIMITS.max_replicas)
    assert decision.reason
