"""The leader's sweep: lapsed leases, messages that vanished, and what it must leave alone."""

from collections.abc import Callable

import pytest
from tests.ledger_actors import LEASE_SECONDS, Leader, Past, make_job, make_light

from scheduledtask_workloads.contract import Reason, RetryPolicy, RunState
from scheduledtask_workloads.ledger import EntryVerdict, EpochMissing, WorkerLedger

MakeLeader = Callable[..., Leader]
JOB = make_job()


def test_a_started_run_whose_lease_lapsed_gets_its_next_attempt(
    leader: Leader, worker: WorkerLedger, past: Past
) -> None:
    ref = leader.admit_slot(JOB)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    past.age_lease(ref)

    (again,) = leader.sweep()

    assert again.order.ref.attempt == 2
    assert leader.open_runs(JOB)[0].record.losses == 1
    assert leader.due() == []


def test_a_host_lost_once_too_often_ends_the_run(leader: Leader, past: Past) -> None:
    job = make_light(retry=RetryPolicy(on_lost=0))
    ref = leader.start_light(job)
    past.age_lease(ref)

    assert leader.sweep() == []
    (record,) = leader.history(job)
    assert (record.state, record.reason, record.losses) == (RunState.LOST, Reason.HOST_LOST, 1)
    assert "runner-1" in record.message
    assert record.ended_at is not None


def test_a_live_lease_is_left_alone(leader: Leader, worker: WorkerLedger, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    past.age(ref)

    assert len(leader.due()) == 1
    assert leader.sweep() == []
    assert leader.due() == []


@pytest.mark.parametrize("published", [True, False])
def test_a_message_seen_in_the_pool_is_left_alone(leader: Leader, past: Past, published: bool) -> None:
    ref = leader.admit_slot(JOB)
    if published:
        leader.do(leader.ledger.mark_dispatched([ref], LEASE_SECONDS))
    past.age(ref)

    (due,) = leader.due()
    assert (due.pool, due.attempt_id) == ("reports", ref.attempt_id)
    assert leader.sweep(queued=lambda run: run == due) == []
    assert leader.due() == []
    assert leader.open_runs(JOB)[0].ref == ref


def test_a_message_that_was_popped_and_never_recorded_is_sent_again(leader: Leader, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    leader.do(leader.ledger.mark_dispatched([ref], LEASE_SECONDS))
    past.age(ref)

    (again,) = leader.sweep()

    assert again.order.ref.attempt == 2
    record = leader.open_runs(JOB)[0].record
    assert (record.losses, record.failures) == (0, 0)


def test_a_fresh_admission_is_not_looked_at(leader: Leader) -> None:
    leader.admit_slot(JOB)
    leader.admit_slot(make_light())

    assert leader.due() == []


def test_a_worker_that_enters_while_the_sweep_looks_wins(leader: Leader, worker: WorkerLedger, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    past.age(ref)
    due = leader.due()

    assert worker.enter(ref, "worker-1", LEASE_SECONDS).verdict is EntryVerdict.ENTERED
    made = leader.do(leader.ledger.sweep(due, [], leader.fence, leader.host, LEASE_SECONDS))

    assert made == []
    assert leader.open_runs(JOB)[0].ref == ref


def test_a_renewal_while_the_sweep_looks_wins(leader: Leader, worker: WorkerLedger, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    past.age_lease(ref)
    due = leader.due()
    worker.renew([ref], LEASE_SECONDS)

    assert leader.do(leader.ledger.sweep(due, [], leader.fence, leader.host, LEASE_SECONDS)) == []


def test_two_sweeps_at_once_make_one_attempt(leader: Leader, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    past.age(ref)
    due = leader.due()

    made = leader.both(*(leader.ledger.sweep(due, [], leader.fence, leader.host, LEASE_SECONDS) for _ in range(2)))

    assert sorted(map(len, made)) == [0, 1]


@pytest.mark.parametrize("dispatched", [True, False])
def test_light_attempts_that_a_dead_scheduler_left_are_made_again(
    leader: Leader, make_leader: MakeLeader, past: Past, dispatched: bool
) -> None:
    job = make_light(retry=RetryPolicy(on_lost=0))
    ref = leader.admit_slot(job)
    if dispatched:
        leader.do(leader.ledger.mark_dispatched([ref], LEASE_SECONDS))
    past.age_lease(ref)
    new = make_leader(fence=2, host="scheduler-2").lead()

    (again,) = new.sweep()

    assert (again.order.ref.attempt, again.order.ref.fence, again.pool) == (2, 2, "")
    assert new.open_runs(job)[0].record.losses == 0
    assert leader.do(leader.ledger.mark_dispatched([ref], LEASE_SECONDS)) == {ref}


def test_a_next_attempt_whose_answer_was_lost_is_made_again_later(
    leader: Leader, make_leader: MakeLeader, past: Past
) -> None:
    light, heavy = leader.admit_slot(make_light()), leader.admit_slot(JOB)
    past.age_lease(light)
    past.age(heavy)
    assert len(leader.sweep()) == 2  # and nobody hears of them
    past.age_lease(light)
    past.age(heavy)

    assert sorted(made.order.ref.attempt for made in leader.sweep()) == [3, 3]


def test_nothing_is_swept_before_the_ledger_was_compared(leader: Leader, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    past.age(ref)
    past.client.delete("scheduledtask:epoch")

    with pytest.raises(EpochMissing, match="stamp it first"):
        leader.sweep()
    assert leader.open_runs(JOB)[0].ref == ref
