"""The server was away for longer than a lease: bodies went on, and their workers could tell nobody.

Once the sweep that came first took such bodies for lost. Each heavy run that was under way was cancelled and began anew
after any outage longer than its lease, as a worker may log in only when its user has been made again.
"""

from collections.abc import Callable

import pytest
from tests.ledger_actors import LEASE_SECONDS, SLOT, Leader, Past, make_job, make_light, report_of

from scheduledtask_workloads.contract import RunState
from scheduledtask_workloads.ledger import EntryVerdict, FencedOut, WorkerLedger

JOB = make_job()


def spare(leader: Leader) -> int:
    return leader.do(leader.ledger.spare_workers("default", leader.fence, LEASE_SECONDS))


def test_a_lease_that_lapsed_holds_again(leader: Leader, worker: WorkerLedger, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    past.age_lease(ref)

    assert spare(leader) == 1

    assert leader.sweep() == []
    assert worker.renew([ref], LEASE_SECONDS) == set()
    assert worker.finish(report_of(ref)).state is RunState.SUCCEEDED


def test_a_message_that_is_delivered_again_does_not_enter(
    leader: Leader, worker: WorkerLedger, other_worker: WorkerLedger, past: Past
) -> None:
    ref = leader.admit_slot(JOB)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    past.age_lease(ref)

    spare(leader)

    assert other_worker.enter(ref, "worker-2", LEASE_SECONDS).verdict is EntryVerdict.HELD


def test_it_lapses_once_more_when_nobody_renews_it(leader: Leader, worker: WorkerLedger, past: Past) -> None:
    ref = leader.admit_slot(JOB)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    past.age_lease(ref)
    spare(leader)
    past.age_lease(ref)

    (again,) = leader.sweep()

    assert again.order.ref.attempt == 2


def test_what_has_not_begun_and_light_runs_are_swept_as_ever(leader: Leader, past: Past) -> None:
    """The leader keeps light leases itself, and asks the pool for messages."""
    queued, light = leader.admit_slot(JOB), leader.start_light(make_light())
    past.age(queued)
    past.age_lease(light)

    assert spare(leader) == 0
    assert len(leader.sweep()) == 2


def test_every_one_is_spared_however_many_are_due(
    leader: Leader, worker: WorkerLedger, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduledtask_workloads.ledger.leader.SWEEP_LIMIT", 2)
    jobs = [make_job(f"report-{number}") for number in range(5)]
    for number, job in enumerate(jobs):
        ref = leader.admit_slot(job, SLOT + number)
        if number % 2 == 0:
            worker.enter(ref, "worker-1", LEASE_SECONDS)
            past.age_lease(ref)
        else:
            past.age(ref)

    assert spare(leader) == 3


def test_an_older_leader_spares_nobody(leader: Leader, make_leader: Callable[..., Leader]) -> None:
    make_leader(fence=2, host="scheduler-2").lead()

    with pytest.raises(FencedOut):
        spare(leader)
