"""What may be written beside plain cron: seconds, macros, H, @every and @at."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from scheduledtask_workloads.schedule import latest_slot, next_slot, parse_rule, slots_between

START = datetime(2026, 11, 22, 10, 17, 3, tzinfo=UTC)


def coming(expression: str, count: int = 3, identity: str = "default/report") -> list[str]:
    rule = parse_rule(expression, identity=identity, anchor=START)
    found = slots_between(rule, START, START + timedelta(days=4000), count)
    return [f"{slot:%Y-%m-%d %H:%M:%S}" for slot in found]


def test_a_sixth_field_in_front_is_seconds() -> None:
    assert coming("*/20 17 * * * *") == ["2026-11-22 10:17:20", "2026-11-22 10:17:40", "2026-11-22 11:17:00"]


def test_second_zero_is_the_same_rule_as_five_fields() -> None:
    assert parse_rule("0 5 * * * *") == parse_rule(" 5  * * * * ")


@pytest.mark.parametrize(
    ("macro", "fields"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ],
)
def test_a_macro_is_the_same_rule_as_its_fields(macro: str, fields: str) -> None:
    assert parse_rule(macro) == parse_rule(fields)


def test_february_29_is_found_across_the_century() -> None:
    rule = parse_rule("0 0 29 2 *")

    assert next_slot(rule, datetime(2096, 3, 1, tzinfo=UTC)) == datetime(2104, 2, 29, tzinfo=UTC)
    assert latest_slot(rule, START, datetime(2104, 2, 28, tzinfo=UTC)) == datetime(2096, 2, 29, tzinfo=UTC)


def test_every_counts_from_the_creation_and_does_not_drift() -> None:
    assert coming("@every 1h30m", 2) == ["2026-11-22 11:47:03", "2026-11-22 13:17:03"]


def test_every_is_one_rule_for_creations_a_whole_number_of_periods_apart() -> None:
    first, same, other = (
        parse_rule("@every 300s", anchor=START + timedelta(seconds=seconds)) for seconds in (0, 600, 601)
    )

    assert first == same == parse_rule("@every 5m", anchor=START)
    assert first != other


def test_at_is_due_once() -> None:
    rule = parse_rule("@at 2026-12-01T10:00:00+01:00")
    instant = datetime(2026, 12, 1, 9, tzinfo=UTC)

    assert next_slot(rule, START) == latest_slot(rule, START, instant) == instant
    assert next_slot(rule, instant) is None
    assert latest_slot(rule, instant, instant + timedelta(days=1)) is None
    assert rule == parse_rule("@at 2026-12-01T09:00:00Z")


def test_h_is_the_same_for_one_resource_whenever_it_is_asked() -> None:
    """Written out, because a new version must not move everybody's schedule."""
    assert parse_rule("H H H H H", identity="default/report").expression == "20 20 14 10 3"
    assert parse_rule("H/15 * * * *", identity="default/report").expression == "5-59/15 * * * *"


def test_h_spreads_resources_over_the_hour() -> None:
    minutes = Counter(parse_rule("H * * * *", identity=f"ns/task-{i}").expression.split()[0] for i in range(6000))

    assert len(minutes) == 60
    assert max(minutes.values()) < 160


def test_each_field_has_an_h_of_its_own() -> None:
    pairs = {tuple(parse_rule("H H(0-23) * * *", identity=f"ns/{i}").expression.split()[:2]) for i in range(3000)}

    assert len(pairs) > 1000  # one stream for both would give 120 at most


def test_h_stays_in_its_range_and_keeps_its_step() -> None:
    for i in range(200):
        minute, _, day, *_ = parse_rule("H(10-29)/7 0 H * *", identity=f"ns/{i}").expression.split()
        low, step = minute.split("-29/")

        assert 10 <= int(low) < 17
        assert step == "7"
        assert 1 <= int(day) <= 28  # a day that every month has


def test_h_may_be_one_of_several_and_use_names() -> None:
    assert parse_rule("H(0-0),30 H(5-5) * h(jan-jan) H(MON-MON)").expression == "0,30 5 * 1 1"


def test_tasks_with_the_same_resolved_h_share_one_rule() -> None:
    rules = {parse_rule("H * * * *", identity=f"ns/{i}") for i in range(1000)}

    assert len(rules) == 60
