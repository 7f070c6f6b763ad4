"""Whatever the order in which runs are told of, the newest word on each stands."""

from scheduledtask_operator.control.runs import HISTORY_LIMIT, RunBook
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


def test_a_run_is_active_until_it_ends() -> None:
    book = RunBook()

    book.change(run(1, RunState.STARTED))
    assert [active.run_id for active in book.of(KEY).active] == ["report-1"]

    book.change(run(1, RunState.SUCCEEDED))
    assert book.of(KEY).active == ()
    assert book.of(KEY).last == run(1, RunState.SUCCEEDED)


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


def test_history_is_newest_first_and_bounded() -> None:
    book = RunBook()

    for number in range(HISTORY_LIMIT + 5):
        book.change(run(number, RunState.SUCCEEDED))

    history = book.of(KEY).history
    assert len(history) == HISTORY_LIMIT
    assert history[0].run_id == f"report-{HISTORY_LIMIT + 4}"


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
