"""At most one attempt at a time, at most one completed."""

from concurrent.futures import ThreadPoolExecutor

from tests.ledger_actors import LEASE_SECONDS, SLOT, Leader, Past, make_job, report_of

from scheduledtask_workloads.contract import AttemptRef, RetryPolicy, RunState
from scheduledtask_workloads.ledger import EntryVerdict, WorkerLedger

JOB = make_job()


def enter(worker: WorkerLedger, ref: AttemptRef, host: str = "worker-1"):
    return worker.enter(ref, host, LEASE_SECONDS)


def test_an_admitted_attempt_enters_and_its_record_says_where(leader: Leader, worker: WorkerLedger) -> None:
    ref = leader.admit_slot(JOB)

    entry = enter(worker, ref)

    (run,) = leader.open_runs(JOB)
    assert (entry.verdict, entry.ref) == (EntryVerdict.ENTERED, ref)
    assert (run.ref, run.record.state, run.record.host) == (ref, RunState.STARTED, "worker-1")
    assert run.record.started_at is not None
    assert leader.feed() == [run.record]


def test_publishing_is_noted_after_the_worker_was_faster(leader: Leader, worker: WorkerLedger) -> None:
    ref = leader.admit_slot(JOB)
    enter(worker, ref)

    assert leader.do(leader.ledger.mark_dispatched([ref], 100 * LEASE_SECONDS)) == set()
    assert leader.open_runs(JOB)[0].record.state is RunState.STARTED
    held = enter(worker, ref).held_for_seconds
    assert held is not None
    assert held <= LEASE_SECONDS  # the worker's lease is its own


def test_two_workers_that_enter_at_once_run_one_body(
    leader: Leader, worker: WorkerLedger, other_worker: WorkerLedger
) -> None:
    for index in range(20):
        ref = leader.admit_slot(make_job(f"report-{index}"))
        with ThreadPoolExecutor(2) as threads:
            entries = list(threads.map(lambda one, ref=ref: enter(one, ref), (worker, other_worker)))
        assert sorted(entry.verdict for entry in entries) == [EntryVerdict.ENTERED, EntryVerdict.HELD]


def test_a_redelivery_is_held_while_the_lease_lives(leader: Leader, worker: WorkerLedger) -> None:
    ref = leader.admit_slot(JOB)
    enter(worker, ref)

    entry = enter(worker, ref)  # even to the same host

    assert entry.verdict is EntryVerdict.HELD
    assert entry.held_for_seconds is not None
    assert 0 < entry.held_for_seconds <= LEASE_SECONDS


def test_a_redelivery_after_the_lease_lapsed_is_the_next_attempt(
    leader: Leader, worker: WorkerLedger, other_worker: WorkerLedger, past: Past
) -> None:
    ref = leader.admit_slot(JOB)
    enter(worker, ref)
    past.age_lease(ref)

    entry = enter(other_worker, ref, "worker-2")

    assert entry.verdict is EntryVerdict.ENTERED
    assert entry.ref == ref.model_copy(update={"attempt": 2})
    assert worker.finish(report_of(ref)) is None  # the frozen host wakes up
    assert worker.renew([ref], LEASE_SECONDS) == {ref.attempt_id}
    record = other_worker.finish(report_of(entry.ref))
    assert record is not None
    assert (record.state, record.attempts, record.losses) == (RunState.SUCCEEDED, 2, 1)


def test_a_body_that_kills_its_hosts_is_not_redelivered_for_ever(
    leader: Leader, worker: WorkerLedger, past: Past
) -> None:
    ref = leader.admit_slot(job := make_job(retry=RetryPolicy(on_lost=1)))
    second = enter(worker, ref)
    past.age_lease(ref)
    second = enter(worker, ref)
    past.age_lease(ref)

    assert enter(worker, second.ref).verdict is EntryVerdict.STALE
    (record,) = leader.history(job)
    assert (record.state, record.reason, record.losses) == (RunState.LOST, "HostLost", 2)


def test_an_old_attempt_does_not_enter_after_the_sweep_made_the_next(
    leader: Leader, worker: WorkerLedger, past: Past
) -> None:
    ref = leader.admit_slot(JOB)
    past.age(ref)
    (again,) = leader.sweep()

    assert enter(worker, ref).verdict is EntryVerdict.STALE
    assert enter(worker, again.order.ref).verdict is EntryVerdict.ENTERED


def test_an_attempt_of_an_older_fence_does_not_enter(leader: Leader, worker: WorkerLedger) -> None:
    ref = leader.admit_slot(JOB)

    assert enter(worker, ref.model_copy(update={"fence": 7})).verdict is EntryVerdict.STALE


def test_an_ended_or_unknown_run_is_not_entered(leader: Leader, worker: WorkerLedger) -> None:
    ref = leader.admit_slot(JOB)
    worker.finish(report_of(enter(worker, ref).ref))

    assert enter(worker, ref).verdict is EntryVerdict.STALE
    assert enter(worker, ref.model_copy(update={"run_id": "nobody"})).verdict is EntryVerdict.STALE


def test_a_waiting_run_is_not_entered_by_the_attempt_that_failed(leader: Leader, worker: WorkerLedger) -> None:
    ref = leader.admit_slot(make_job(retry=RetryPolicy(limit=1)))
    worker.finish(report_of(enter(worker, ref).ref, RunState.FAILED))

    assert enter(worker, ref).verdict is EntryVerdict.STALE


def test_a_frozen_host_that_nobody_replaced_still_finishes(leader: Leader, worker: WorkerLedger, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    enter(worker, ref)
    past.age_lease(ref)

    assert worker.renew([ref], LEASE_SECONDS) == set()
    assert leader.due() == []
    record = worker.finish(report_of(ref))
    assert record is not None
    assert record.state is RunState.SUCCEEDED


def test_a_report_of_an_old_attempt_does_not_end_the_run(leader: Leader, worker: WorkerLedger, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    enter(worker, ref)
    past.age_lease(ref)
    (again,) = leader.sweep()
    assert enter(worker, again.order.ref).verdict is EntryVerdict.ENTERED

    assert worker.finish(report_of(ref)) is None
    assert leader.open_runs(JOB)[0].ref == again.order.ref
    assert leader.history(JOB) == []


def test_a_report_whose_answer_was_lost_is_answered_the_same_again(leader: Leader, worker: WorkerLedger) -> None:
    ends, waits = leader.admit_slot(JOB), leader.admit_slot(make_job("flaky", retry=RetryPolicy(limit=1)))
    for ref, state in ((ends, RunState.SUCCEEDED), (waits, RunState.FAILED)):
        report = report_of(enter(worker, ref).ref, state, result={"run_id": "of-the-body", "rows": 2**60})
        first = worker.finish(report)
        assert first is not None
        assert worker.finish(report) == first
        assert first.result == {"run_id": "of-the-body", "rows": 2**60}

    assert len(leader.history(JOB)) == 1
    assert leader.history(JOB)[0].slot_epoch_seconds == SLOT
