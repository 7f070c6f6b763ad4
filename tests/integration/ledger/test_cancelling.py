"""Cancelling before, while and after a run starts, and deleting a task that has runs."""

import pytest
from tests.ledger_actors import LEASE_SECONDS, SLOT, Leader, Past, make_job, make_light, report_of

from scheduledtask_workloads.contract import Reason, RetryPolicy, RunState
from scheduledtask_workloads.contract.keys import NamespaceKeys
from scheduledtask_workloads.ledger import CancelOutcome, EntryVerdict, Verdict, WorkerLedger

JOB = make_job(retry=RetryPolicy(limit=3))


def cancel(leader: Leader, ref) -> CancelOutcome:
    return leader.do(leader.ledger.cancel(ref.namespace, ref.name, ref.run_id))


def test_a_queued_run_is_cancelled_at_once_and_its_message_is_dropped(leader: Leader, worker: WorkerLedger) -> None:
    ref = leader.admit_slot(JOB)
    leader.do(leader.ledger.mark_dispatched([ref], LEASE_SECONDS))

    assert cancel(leader, ref) is CancelOutcome.ENDED
    assert worker.enter(ref, "worker-1", LEASE_SECONDS).verdict is EntryVerdict.STALE
    (record,) = leader.history(JOB)
    assert (record.state, record.reason) == (RunState.CANCELLED, Reason.CANCELLED)


def test_a_light_run_that_waits_in_the_scheduler_is_not_handed_over(leader: Leader) -> None:
    ref = leader.admit_slot(make_light())

    assert cancel(leader, ref) is CancelOutcome.ENDED
    assert leader.do(leader.ledger.mark_dispatched([ref], LEASE_SECONDS)) == {ref}


def test_a_waiting_run_is_cancelled_at_once(leader: Leader) -> None:
    ref = leader.start_light(make_light(retry=RetryPolicy(limit=1)))
    leader.finish(report_of(ref, RunState.FAILED))

    assert cancel(leader, ref) is CancelOutcome.ENDED


def test_a_worker_hears_of_it_with_its_next_renewal(leader: Leader, worker: WorkerLedger) -> None:
    ref = leader.admit_slot(JOB)
    worker.enter(ref, "worker-1", LEASE_SECONDS)

    assert cancel(leader, ref) is CancelOutcome.FLAGGED
    assert worker.renew([ref], LEASE_SECONDS) == {ref.attempt_id}
    record = worker.finish(report_of(ref, RunState.CANCELLED, reason=Reason.CANCELLED))
    assert record is not None
    assert record.state is RunState.CANCELLED


def test_a_light_run_with_the_runners_is_flagged(leader: Leader) -> None:
    ref = leader.admit_slot(make_light())
    leader.do(leader.ledger.mark_dispatched([ref], LEASE_SECONDS))

    assert cancel(leader, ref) is CancelOutcome.FLAGGED
    assert leader.do(leader.ledger.mark_started([(ref, SLOT + 1, "runner-1")], LEASE_SECONDS)) == {ref}
    assert leader.do(leader.ledger.renew_leases([ref], LEASE_SECONDS)) == {ref}


@pytest.mark.parametrize(
    ("reported", "final"),
    [
        (RunState.SUCCEEDED, RunState.SUCCEEDED),
        (RunState.FAILED, RunState.FAILED),
        (RunState.LOST, RunState.CANCELLED),
    ],
)
def test_a_cancelled_run_gets_no_next_attempt(leader: Leader, reported: RunState, final: RunState) -> None:
    ref = leader.start_light(make_light(retry=RetryPolicy(limit=3)))
    cancel(leader, ref)

    assert leader.finish(report_of(ref, reported)).state is final


def test_a_cancelled_run_whose_host_is_lost_ends_in_the_sweep(leader: Leader, worker: WorkerLedger, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    cancel(leader, ref)
    past.age_lease(ref)

    assert leader.sweep() == []
    assert [record.state for record in leader.history(JOB)] == [RunState.CANCELLED]


@pytest.mark.parametrize("lapsed", [True, False])
def test_a_redelivery_of_a_cancelled_run_is_dropped(
    leader: Leader, worker: WorkerLedger, past: Past, lapsed: bool
) -> None:
    ref = leader.admit_slot(JOB)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    cancel(leader, ref)
    if lapsed:
        past.age_lease(ref)

    assert worker.enter(ref, "worker-2", LEASE_SECONDS).verdict is EntryVerdict.CANCELLED
    assert len(leader.history(JOB)) == int(lapsed)


def test_cancelling_what_ended_does_nothing(leader: Leader) -> None:
    ref = leader.start_light(make_light())
    leader.finish(report_of(ref))

    assert cancel(leader, ref) is CancelOutcome.UNKNOWN
    assert leader.history(make_light())[0].state is RunState.SUCCEEDED


def test_deleting_a_task_cancels_its_queue_and_lets_running_ones_finish(
    leader: Leader, worker: WorkerLedger, past: Past
) -> None:
    job = make_job(max_concurrency=3, retry=RetryPolicy(limit=3))
    running, queued = leader.admit_slot(job), leader.admit_slot(job, SLOT + 60)
    worker.enter(running, "worker-1", LEASE_SECONDS)

    assert leader.do(leader.ledger.cancel_queued(job.namespace, job.name)) == 1
    assert [record.run_id for record in leader.history(job)] == [queued.run_id]
    assert worker.renew([running], LEASE_SECONDS) == set()
    record = worker.finish(report_of(running, RunState.FAILED))

    assert record is not None
    assert record.state is RunState.FAILED  # no retry of a task that is gone
    keys = NamespaceKeys(job.namespace)
    assert set(past.client.keys(f"{keys.prefix}*")) == {keys.feed.encode()}


def test_deleting_an_idle_task_forgets_it(leader: Leader) -> None:
    job = make_light()
    leader.finish(report_of(leader.start_light(job)))

    assert leader.do(leader.ledger.cancel_queued(job.namespace, job.name)) == 0
    assert (leader.history(job), leader.watermark(job)) == ([], None)


def test_a_task_that_was_made_again_while_its_last_run_went_on_is_kept(leader: Leader) -> None:
    job = make_light(max_concurrency=2)
    old = leader.start_light(job)
    leader.do(leader.ledger.cancel_queued(job.namespace, job.name))
    new = leader.start_light(job, SLOT + 60)

    leader.finish(report_of(old))
    leader.finish(report_of(new))

    assert len(leader.history(job)) == 2
    (answer,) = leader.admit(leader.slot_claim(job, SLOT + 60))
    assert answer.verdict is Verdict.ALREADY_DECIDED
