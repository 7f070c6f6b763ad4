"""What happens again is counted, not recorded again; what is too much is dropped and counted too."""

from datetime import UTC, datetime, timedelta

from scheduledtask_operator.api.event_reasons import EventReason
from scheduledtask_operator.cluster.event_book import (
    COUNTED_FOR_SECONDS,
    PENDING_LIMIT,
    PERIOD_SECONDS,
    CountedEvent,
    EventBook,
    Subject,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FAILED = EventReason.RUN_FAILED


def subject(uid: str = "a") -> Subject:
    return Subject("scheduledtask.dev/v1alpha1", "ScheduledTask", "team", uid, uid)


def add(book: EventBook, seconds: float, note: str = "it failed", uid: str = "a", times: int = 1) -> None:
    book.add(subject(uid), FAILED, note, NOW + timedelta(seconds=seconds), seconds, times)


def record(book: EventBook, seconds: float) -> list[CountedEvent]:
    """As if each that is due were written."""
    events = list(book.due(seconds))
    for event in events:
        book.sent(event, event.name or f"event-{seconds:g}", seconds, event.count)
    return events


def test_the_first_is_recorded_at_once() -> None:
    book = EventBook()
    add(book, 0.0)

    (event,) = record(book, 0.0)

    assert (event.count, event.note, event.first_at) == (1, "it failed", NOW)
    assert record(book, 99.0) == []


def test_the_same_again_is_counted_in_the_same_event_with_the_newest_words() -> None:
    book = EventBook()
    add(book, 0.0)
    record(book, 0.0)
    add(book, 1.0)
    add(book, 2.0, "it failed otherwise", times=3)

    assert record(book, PERIOD_SECONDS - 1) == []
    (event,) = record(book, PERIOD_SECONDS)

    assert (event.name, event.count, event.note) == ("event-0", 5, "it failed otherwise")
    assert (event.last_at - event.first_at).total_seconds() == 2


def test_after_a_quiet_while_it_is_a_new_event() -> None:
    book = EventBook()
    add(book, 0.0)
    record(book, 0.0)
    add(book, COUNTED_FOR_SECONDS)

    (event,) = record(book, COUNTED_FOR_SECONDS)

    assert (event.count, event.name) == (1, f"event-{COUNTED_FOR_SECONDS:g}")


def test_other_objects_have_their_own() -> None:
    book = EventBook()
    add(book, 0.0, uid="a")
    add(book, 0.0, uid="b")

    assert len(record(book, 0.0)) == 2


def test_what_happens_while_it_is_written_is_written_later() -> None:
    book = EventBook()
    add(book, 0.0)
    (event,) = book.due(0.0)
    add(book, 0.1)
    book.sent(event, "event", 0.2, count=1)

    assert len(book) == 1
    assert [later.count for later in record(book, 0.2 + PERIOD_SECONDS)] == [2]


def test_a_flood_is_dropped_and_counted_until_there_is_room_again() -> None:
    book = EventBook()
    for number in range(PENDING_LIMIT + 3):
        add(book, 0.0, uid=str(number))

    assert (len(book), book.take_dropped(), book.take_dropped()) == (PENDING_LIMIT, 3, 0)

    record(book, 0.0)
    add(book, COUNTED_FOR_SECONDS, uid="late")
    assert [event.subject.uid for event in record(book, COUNTED_FOR_SECONDS)] == ["late"]
