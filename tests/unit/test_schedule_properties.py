"""What holds for every schedule, zone, policy and moment."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduledtask_workloads.schedule import (
    DstPolicy,
    Rule,
    ScheduleError,
    count_slots,
    due_time,
    latest_slot,
    next_slot,
    parse_rule,
    slots_between,
)

ZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
    "Asia/Tehran",
]
SECOND = timedelta(seconds=1)
steady = settings(derandomize=True, deadline=None, database=None, max_examples=150)


def field(low: int, high: int) -> st.SearchStrategy[str]:
    value = st.integers(low, high)
    item = st.one_of(
        st.sampled_from(["*", "?", "H", "H/2", "*/3", f"H({low}-{high})/4"]),
        value.map(str),
        st.tuples(value, value).map(lambda pair: f"{min(pair)}-{max(pair)}"),
        st.tuples(value, st.integers(1, 40)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    )
    return st.lists(item, min_size=1, max_size=3).map(",".join)


cron = st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)).map(" ".join)
with_seconds = st.tuples(field(0, 59), cron).map(" ".join)
interval = st.integers(1, 10**6).map(lambda seconds: f"@every {seconds}s")
moments = st.datetimes(datetime(1800, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
usual_moments = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    try:
        return parse_rule(
            draw(st.one_of(cron, with_seconds, interval, st.just("@at 2031-03-30T02:30:00+02:00"))),
            time_zone=draw(st.sampled_from(ZONES)),
            dst_policy=draw(st.sampled_from(DstPolicy)),
            identity="default/property",
            anchor=datetime(2026, 11, 22, tzinfo=UTC),
        )
    except ScheduleError:  # 30 February
        assume(False)
        raise


@steady
@given(rules(), moments)
def test_the_next_slot_is_later_whole_and_the_latest_before_it_is_not(rule: Rule, after: datetime) -> None:
    slot = next_slot(rule, after)
    if slot is None:
        return
    assert slot > after
    assert slot.microsecond == 0
    assert slot.tzinfo is UTC
    assert latest_slot(rule, after, slot) == slot
    assert latest_slot(rule, after, slot - SECOND) is None


@steady
@given(rules(), usual_moments, st.timedeltas(timedelta(0), timedelta(days=40 * 365)))
def test_nothing_lies_between_the_latest_slot_and_the_end(rule: Rule, after: datetime, away: timedelta) -> None:
    until = after + away
    slot = latest_slot(rule, after, until)
    if slot is None:
        following = next_slot(rule, after)
        assert following is None or following > until
        return
    assert after < slot <= until
    assert next_slot(rule, slot - SECOND) == slot
    following = next_slot(rule, slot)
    assert following is None or following > until


@steady
@given(rules(), usual_moments)
def test_an_earlier_question_never_gets_a_later_answer(rule: Rule, after: datetime) -> None:
    earlier, later = next_slot(rule, after - timedelta(hours=1)), next_slot(rule, after)
    assert later is None or (earlier is not None and earlier <= later)


@steady
@given(rules(), usual_moments, st.integers(0, 30))
def test_a_listing_is_in_order_within_bounds_and_as_long_as_it_is_counted(
    rule: Rule, after: datetime, limit: int
) -> None:
    until = after + timedelta(days=30)
    found = list(slots_between(rule, after, until, limit))
    assert found == sorted(set(found))
    assert all(after < slot <= until for slot in found)
    assert count_slots(rule, after, until, limit) == len(found) <= limit


@steady
@given(rules(), usual_moments, st.integers(0, 7200), st.text(max_size=20))
def test_jitter_is_the_same_each_time_and_stays_before_the_next_slot(
    rule: Rule, after: datetime, jitter_seconds: int, identity: str
) -> None:
    slot = next_slot(rule, after)
    assume(slot is not None)
    assert slot is not None
    due = due_time(rule, slot, jitter_seconds=jitter_seconds, identity=identity)
    following = next_slot(rule, slot)
    assert due == due_time(rule, slot, jitter_seconds=jitter_seconds, identity=identity)
    assert slot <= due <= slot + timedelta(seconds=jitter_seconds)
    assert following is None or due < following


def test_jitter_spreads_resources_and_slots_over_every_part_of_every_second() -> None:
    rule, slot = parse_rule("@hourly"), datetime(2026, 1, 1, tzinfo=UTC)
    over_resources = [due_time(rule, slot, jitter_seconds=59, identity=f"ns/{i}") for i in range(2000)]
    over_slots = [due_time(rule, slot + timedelta(hours=i), jitter_seconds=59, identity="ns/0") for i in range(2000)]

    for dues in (over_resources, over_slots):
        assert {due.second for due in dues} == set(range(59))
        assert {due.microsecond // 100_000 for due in dues} == set(range(10))


words = st.text("0123456789*/-,?HhL#W() \tJANMONSUN@everyatdailyTZ=:+.msdZ", max_size=40)


@settings(steady, max_examples=800)
@given(st.one_of(words, st.text(max_size=30), words.map("@every {}".format), words.map("@at {}".format), cron))
def test_any_text_is_a_rule_or_a_schedule_error(text: str) -> None:
    try:
        rule = parse_rule(text, identity=text, anchor=datetime(2026, 1, 1, tzinfo=UTC))
    except ScheduleError:
        return
    assert rule == parse_rule(rule.expression, anchor=datetime(2026, 1, 1, tzinfo=UTC))
    next_slot(rule, datetime(2026, 1, 1, tzinfo=UTC))


@settings(steady, max_examples=300)
@given(st.one_of(st.text(max_size=30), st.sampled_from(["Europe", "a\0", "\ud800", "/" * 5000, "America/"])))
def test_any_zone_is_known_or_a_schedule_error(zone: str) -> None:
    try:
        rule = parse_rule("0 0 * * *", time_zone=zone)
    except ScheduleError:
        return
    assert next_slot(rule, datetime(2026, 1, 1, tzinfo=UTC)) is not None
