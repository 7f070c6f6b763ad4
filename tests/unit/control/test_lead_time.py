"""The lead time is learned from starts that came to an end; the slowest of the last ones counts."""

from datetime import UTC, datetime, timedelta

from scheduledtask_operator.control.lead_time import UNKNOWN_LEAD_TIME_SECONDS, LeadTime

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def start(lead_time: LeadTime, began: float, seconds: float) -> None:
    lead_time.asked(1, at(began))
    lead_time.observe(1, 1, at(began + seconds))


def test_before_any_start_it_is_a_guess() -> None:
    assert LeadTime().seconds == UNKNOWN_LEAD_TIME_SECONDS


def test_the_slowest_of_the_last_three_starts_counts() -> None:
    lead_time = LeadTime()

    for began, seconds in ((0, 9), (20, 2), (40, 4), (60, 3)):
        start(lead_time, began, seconds)

    assert lead_time.seconds == 4


def test_a_start_that_was_taken_back_teaches_nothing() -> None:
    lead_time = LeadTime()

    lead_time.asked(1, at(0))
    lead_time.observe(0, 0, at(1))
    lead_time.observe(1, 1, at(100))

    assert lead_time.seconds == UNKNOWN_LEAD_TIME_SECONDS


def test_a_start_is_over_when_every_worker_that_was_asked_for_is_ready() -> None:
    lead_time = LeadTime()

    lead_time.asked(1, at(0))
    lead_time.asked(2, at(1))
    lead_time.observe(2, 1, at(3))
    assert lead_time.seconds == UNKNOWN_LEAD_TIME_SECONDS

    lead_time.observe(2, 2, at(6))
    assert lead_time.seconds == 6
