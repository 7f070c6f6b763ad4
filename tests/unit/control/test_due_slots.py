"""Slots are due from the moment a schedule counts, jitter puts them off, and a window takes each once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.control.due import due_slots, next_due
from scheduledtask_workloads.contract import JobSchedule, TaskKey

KEY = TaskKey("default", "report")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def schedule(expression: str = "* * * * *", **fields: int) -> JobSchedule:
    return JobSchedule(expression=expression, **fields)


def test_a_window_is_open_at_its_beginning_and_closed_at_its_end() -> None:
    found = due_slots(KEY, schedule(), NOON, NOON + timedelta(minutes=3))

    assert [slot.slot for slot in found] == [NOON + timedelta(minutes=minute) for minute in (1, 2, 3)]


def test_slots_before_the_schedule_counts_are_not_due() -> None:
    effective = int((NOON + timedelta(minutes=2)).timestamp())

    found = due_slots(KEY, schedule(effective_from_epoch_seconds=effective), NOON, NOON + timedelta(minutes=3))

    assert [slot.slot for slot in found] == [NOON + timedelta(minutes=3)]


def test_an_interval_counts_from_its_anchor() -> None:
    anchored = schedule("@every 7m", anchor_epoch_seconds=int(NOON.timestamp()))

    coming = next_due(KEY, anchored, NOON + timedelta(minutes=1))

    assert coming is not None
    assert coming.slot == NOON + timedelta(minutes=7)


@given(jitter=st.integers(0, 59), cut_seconds=st.integers(1, 599))
def test_windows_side_by_side_hold_each_jittered_slot_once(jitter: int, cut_seconds: int) -> None:
    jittered, end, cut = schedule(jitter_seconds=jitter), NOON + timedelta(seconds=600), timedelta(seconds=cut_seconds)

    whole = list(due_slots(KEY, jittered, NOON, end))
    parts = [*due_slots(KEY, jittered, NOON, NOON + cut), *due_slots(KEY, jittered, NOON + cut, end)]

    assert parts == whole
    assert all(slot.slot <= slot.due_at <= slot.slot + timedelta(seconds=jitter) for slot in whole)
