"""Whatever the order in which runs are told of, the newest word on each stands."""

import tracemalloc

import pytest

from scheduledtask_operator.control.recent_runs import RECENT_LIMIT
from scheduledtask_operator.control.runs import RunBook
from scheduledtask_operator.control.status import HistoryLimits
from scheduledtask_workloads.contract import Reason, RunRecord, RunState, TaskClass, TaskKey
from scheduledtask_workloads.contract.messages import SlotsSkipped

KEY = TaskKey("default", "report")


def run(number: int, state: RunState) -> RunRecord:
    return RunRecord(
        namespace=KEY.namespace,
        name=KEY.name,
        run_id=f"report-{number}",
        task_class=TaskClass.LIGHT,
        state=state,
        admitted_at=float(number),
        ended_at=number + 0.5 if state.final else None,
    )


def told_book(limits: HistoryLimits) -> RunBook:
    book = RunBook()
    book.remember(KEY, limits)
    return book


def names(book: RunBook) -> list[str]:
    return [past.run_id for past in book.of(KEY).history]


def test_a_run_is_active_until_it_ends() -> None:
    book = RunBook()

    book.change(run(1, RunState.STARTED))
    assert [active.run_id for active in book.of(KEY).active] == ["report-1"]

    book.change(run(1, RunState.SUCCEEDED))
    assert book.of(KEY).active == ()
    last = book.of(KEY).last
    assert last is not None
    assert (last.run_id, last.state) == ("report-1", RunState.SUCCEEDED)


def test_a_late_word_of_a_start_does_not_revive_a_run() -> None:
    book = RunBook()

    book.change(run(1, RunState.SUCCEEDED))
    book.change(run(1, RunState.STARTED))

    assert book.of(KEY).active == ()


def test_the_ledgers_history_ends_runs_whose_end_was_not_heard() -> None:
    book = RunBook()

    book.change(run(2, RunState.STARTED))
    book.load(KEY, [run(2, RunState.LOST), run(1, RunState.SUCCEEDED)])

    assert book.of(KEY).active == ()
    assert [past.run_id for past in book.of(KEY).history] == ["report-2", "report-1"]


def test_the_history_is_what_the_limits_ask_for_newest_first() -> None:
    book = told_book(HistoryLimits(successful=2, failed=1))

    for number in range(9):
        book.change(run(number, RunState.FAILED if number % 3 == 0 else RunState.SUCCEEDED))

    assert names(book) == ["report-8", "report-7", "report-6"]


@pytest.mark.parametrize("limits", [HistoryLimits(0, 0), HistoryLimits(1, 1)])
def test_the_last_run_of_each_kind_is_always_known(limits: HistoryLimits) -> None:
    book = told_book(limits)

    for number, state in enumerate([RunState.FAILED, RunState.SUCCEEDED, RunState.SUCCEEDED]):
        book.change(run(number, state))

    assert names(book) == ["report-2", "report-0"]


def test_a_run_that_fell_out_of_the_history_is_no_news_when_it_is_told_again() -> None:
    """Its failure would be an Event for a second time."""
    book = told_book(HistoryLimits(1, 1))
    for number in range(2 * RECENT_LIMIT):
        assert book.change(run(number, RunState.FAILED))

    again = [book.change(run(number, RunState.FAILED)) for number in range(2 * RECENT_LIMIT)]

    assert not any(again)
    assert book.load(KEY, [run(number, RunState.FAILED) for number in range(2 * RECENT_LIMIT)]) == []
    assert names(book) == [f"report-{2 * RECENT_LIMIT - 1}"]


def test_the_start_and_end_of_an_old_run_told_again_leave_nothing_behind() -> None:
    book = told_book(HistoryLimits(1, 1))
    for number in range(2 * RECENT_LIMIT):
        book.change(run(number, RunState.SUCCEEDED))

    book.change(run(3, RunState.STARTED))
    assert not book.change(run(3, RunState.SUCCEEDED))

    assert book.of(KEY).active == ()


def test_an_old_run_that_was_never_told_is_news_and_displaces_nothing_newer() -> None:
    book = told_book(HistoryLimits(2, 2))
    for number in (5, 6, 7):
        book.change(run(number, RunState.SUCCEEDED))

    assert book.change(run(1, RunState.SUCCEEDED))
    assert names(book) == ["report-7", "report-6"]


def test_active_runs_are_kept_however_many_they_are() -> None:
    book = told_book(HistoryLimits(1, 1))

    for number in range(300):
        book.change(run(number, RunState.STARTED))

    assert len(book.of(KEY).active) == 300


def test_a_smaller_limit_shortens_the_history_and_a_larger_one_takes_what_is_told_then() -> None:
    book = told_book(HistoryLimits(5, 5))
    all_of_them = [run(number, RunState.SUCCEEDED) for number in range(5)]
    book.load(KEY, all_of_them)

    book.remember(KEY, HistoryLimits(2, 2))
    assert names(book) == ["report-4", "report-3"]

    book.remember(KEY, HistoryLimits(3, 3))
    assert book.load(KEY, all_of_them) == []
    assert names(book) == ["report-4", "report-3", "report-2"]


def test_failures_in_a_row_are_counted_beyond_the_history() -> None:
    book = told_book(HistoryLimits(1, 1))
    states = [RunState.SUCCEEDED, *[RunState.FAILED] * 7, RunState.CANCELLED, RunState.LOST]

    for number, state in enumerate(states):
        book.change(run(number, state))

    assert book.of(KEY).recent.failures_in_a_row() == 8


def test_a_task_with_a_full_history_takes_a_few_kilobytes() -> None:
    """Ten thousand of them are watched by an operator that is to take 256 MiB."""
    books = [told_book(HistoryLimits()) for _ in range(10)]
    tracemalloc.start()
    try:
        for number in range(RECENT_LIMIT + 20):
            record = run(number, RunState.SUCCEEDED if number % 2 else RunState.FAILED)
            for book in books:
                book.change(record.model_copy(update={"output": "x" * 1000}))
        held_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held_bytes / len(books) < 30_000  # the records of all these runs would be five times that


def test_a_forgotten_task_has_no_runs() -> None:
    book = RunBook()
    book.change(run(1, RunState.SUCCEEDED))

    book.forget(KEY)

    assert book.of(KEY).last is None


def test_skipped_slots_are_news_once() -> None:
    """A scheduler that was killed tells the last minute again when it comes back."""
    book = RunBook()
    coalesced = SlotsSkipped(
        namespace=KEY.namespace, name=KEY.name, reason=Reason.COALESCED, count=3, last_slot_epoch_seconds=30
    )
    overlap = coalesced.model_copy(update={"reason": Reason.OVERLAP, "count": 1, "last_slot_epoch_seconds": 31})

    told = [book.skip(skipped) for skipped in (coalesced, overlap, coalesced, overlap)]

    assert told == [True, True, False, False]
