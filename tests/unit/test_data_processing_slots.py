"""Placeholders of slots: what they may be, and what they may never be."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_workloads.tasks.data_processing.errors import SlotError
from scheduledtask_workloads.tasks.data_processing.slots import SlotTimes

TIMES = SlotTimes(datetime(2026, 5, 1, 12, 30, tzinfo=UTC), window_seconds=3600)


@pytest.mark.parametrize(
    ("url", "filled"),
    [
        ("s3://b/{slot:%Y/%m/%d}/x.csv", "s3://b/2026/05/01/x.csv"),
        ("/d/{slot}.csv", "/d/20260501T123000Z.csv"),
        ("/d/{slot_start:%H%M}-{slot_end:%H%M}.csv", "/d/1130-1230.csv"),
        ("/d/{slot:year=%Y}/x.csv", "/d/year=2026/x.csv"),
        ("/d/plain.csv", "/d/plain.csv"),
    ],
)
def test_placeholders_are_filled_in(url: str, filled: str) -> None:
    assert TIMES.in_url(url, "sink") == filled


@pytest.mark.parametrize(
    "inside",
    [
        "slot.__class__",
        "slot!r",
        "slot[0]",
        "0",
        "",
        "slot:%s",
        "slot:%Z",
        "slot:%",
        "slot:../..",
        "name",
        "slot: ",
        "slot:%Y\n",
    ],
)
def test_whatever_else_is_refused(inside: str) -> None:
    with pytest.raises(SlotError, match="sink: a placeholder is"):
        TIMES.in_url(f"/d/{{{inside}}}/x.csv", "sink")


@pytest.mark.parametrize("url", ["/d/{slot", "/d/slot}", "/d/{{slot}}", "/d/{{slot:%Y}"])
def test_a_brace_alone_is_refused(url: str) -> None:
    with pytest.raises(SlotError, match="braces are for placeholders"):
        TIMES.in_url(url, "sink")


@given(st.text(alphabet="{}slot_:%Ymd!.[]()/x '\"", max_size=30))
def test_no_text_does_more_than_name_a_time(text: str) -> None:
    try:
        filled = TIMES.in_url(text, "sink")
    except SlotError:
        return
    assert "{" not in filled
    assert "}" not in filled
    assert "{" in text or filled == text


def test_a_run_without_a_slot_says_what_to_write() -> None:
    with pytest.raises(SlotError, match="this run has no slot; write the argument slot"):
        SlotTimes(None, None).in_url("/d/{slot}.csv", "source x")
    assert SlotTimes(None, None).in_url("/d/x.csv", "source x") == "/d/x.csv"


def test_a_window_is_needed_for_its_beginning() -> None:
    with pytest.raises(SlotError, match="step s: slot_start needs the argument window"):
        SlotTimes(TIMES.slot, None).in_steps("SELECT $slot_start", "step s")


def test_steps_get_times_and_queries_bind_them() -> None:
    assert TIMES.in_steps("a >= $slot_start AND a < $slot_end AND $slots", "step s") == (
        "a >= TIMESTAMP '2026-05-01 11:30:00.000000' AND a < TIMESTAMP '2026-05-01 12:30:00.000000' AND $slots"
    )
    query, bound = TIMES.in_query("SELECT x::date FROM t WHERE a < $slot", "source x")
    assert (query, bound) == ("SELECT x::date FROM t WHERE a < :slot", {"slot": TIMES.slot})
