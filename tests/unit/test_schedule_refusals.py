"""A schedule that can't be used is refused with the field, the value, the bound and the fix."""

from datetime import UTC, datetime

import pytest

from scheduledtask_workloads.schedule import ScheduleError, due_time, next_slot, parse_rule


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("0 25 * * *", "hour '25' is out of bounds: must be 0 to 23"),
        ("60 * * * * *", "second '60' is out of bounds: must be 0 to 59"),
        ("* * * 0 *", "month '0' is out of bounds: must be 1 to 12 or JAN-DEC"),
        ("* * * * 7", "day of week '7' is out of bounds: must be 0 to 6 or SUN-SAT; Sunday is 0 or SUN"),
        ("* * * FOO *", "month 'FOO' can't be read: must be 1 to 12 or JAN-DEC"),
        ("* * * * fri-mon", "day of week 'FRI-MON' runs backwards: 5 is above 1; write FRI-6,0-MON"),
        ("*/0 * * * *", "minute '*/0' has the step '0': must be a whole number from 1"),
        (", * * * *", "minute ',' is empty: write * or 0 to 59"),
        ("* * * *", "'* * * *' has 4 fields: must be 5"),
        ("", "'' has 0 fields: must be 5"),
        ("0 0 30 2 *", "day of month 30 never comes in FEB: choose an earlier day"),
        ("0 0 31 4,6 *", "day of month 31 never comes in APR, JUN: choose an earlier day"),
        ("TZ=UTC 0 0 * * *", "names a time zone: write it in timeZone"),
        ("CRON_TZ=UTC 0 0 * * *", "names a time zone: write it in timeZone"),
        ("H(5-2) * * * *", "minute 'H(5-2)' runs backwards: 5 is above 2"),
        ("H(0-99) * * * *", "minute 'H(0-99)' is out of bounds: must be 0 to 59"),
        ("H/0 * * * *", "minute 'H/0' has the step 0: must be 1 to 60"),
        ("* H/25 * * *", "hour 'H/25' has the step 25: must be 1 to 24"),
        ("H+1 * * * *", "minute 'H+1' can't be read: write H, H/15, H(0-29) or H(0-29)/10"),
        ("@dayly", "'@dayly' is not a schedule: did you mean @daily?"),
        ("@reboot", "'@reboot' is not a schedule: must be one of @yearly"),
        ("@every", "'@every' can't be read: '' is not a duration"),
        ("@every5m", "'@every5m' is not a schedule: did you mean @every?"),
        ("@every 500ms", "must be whole seconds, from 1s to 366d"),
        ("@every 1.5s", "must be whole seconds, from 1s to 366d"),
        ("@every 400d", "must be whole seconds, from 1s to 366d"),
        ("@at tomorrow", "write a time to the second with Z or an offset, as in @at 2026-12-01T09:00:00Z"),
        ("@at 2026-12-01T09:00:00", "write a time to the second with Z or an offset"),
        ("@at 2026-13-01T09:00:00Z", "'@at 2026-13-01T09:00:00Z' is not a time: month must be in 1..12"),
        ("@at 0001-01-01T00:00:00+14:00", "is not a time"),
        ("@at 1500-01-01T00:00:00Z", "is out of bounds: must be in the years 1902 to"),
    ],
)
def test_the_message_of_a_bad_expression_says_what_to_write(expression: str, message: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse_rule(expression, anchor=datetime(2026, 1, 1, tzinfo=UTC))

    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("zone", "meant"),
    [
        ("Europe/Pariss", "Europe/Paris"),
        ("europe/paris", "Europe/Paris"),
        ("Paris", "Europe/Paris"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_mistyped_zone_gets_the_nearest_name(zone: str, meant: str) -> None:
    with pytest.raises(ScheduleError, match=f"time zone '{zone}' is not known: did you mean {meant}\\?"):
        parse_rule("* * * * *", time_zone=zone)


@pytest.mark.parametrize(
    "zone", ["", "Local", "localtime", "right/Europe/Paris", "/etc/passwd", "../UTC", "Europe", "a\0b", "MARS/Olympus"]
)
def test_what_is_no_iana_zone_is_refused(zone: str) -> None:
    with pytest.raises(ScheduleError, match="is not known"):
        parse_rule("* * * * *", time_zone=zone)


def test_an_unknown_dst_policy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ScheduleError, match="'Twice' is not known: must be one of RunOnce, Skip, RunTwice, Kubernetes"):
        parse_rule("* * * * *", dst_policy="Twice")


def test_every_needs_to_know_where_to_count_from() -> None:
    with pytest.raises(ScheduleError, match="'@every 5m' counts from the creation time"):
        parse_rule("@every 5m")


def test_times_without_a_zone_are_refused() -> None:
    with pytest.raises(ScheduleError, match="has no zone"):
        next_slot(parse_rule("* * * * *"), datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ScheduleError, match="has no zone"):
        parse_rule("@every 5m", anchor=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_negative_jitter_is_refused() -> None:
    with pytest.raises(ScheduleError, match="jitterSeconds -1 is below 0"):
        due_time(parse_rule("* * * * *"), datetime(2026, 1, 1, tzinfo=UTC), jitter_seconds=-1, identity="a/b")
