"""What was admitted without Redis and still waits is written down by the thousand, and kept alive so."""

from tests.ledger_actors import LEASE_SECONDS, SLOT, Leader, Past, make_light, report_of

from scheduledtask_workloads.contract import AttemptRef, Reason, RunState
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.ledger import RunWithoutRedis, Verdict


def queued(leader: Leader, job, slot: int = SLOT) -> RunWithoutRedis:
    claim = leader.slot_claim(job, slot)
    return RunWithoutRedis(claim, claim.order(leader.fence).ref, leader.host, slot + 0.1, None, None)


def write_down(leader: Leader, *runs: RunWithoutRedis) -> set[AttemptRef]:
    return leader.do(leader.ledger.write_down_queued(runs, leader.fence, leader.host, LEASE_SECONDS))


def renew(leader: Leader, *refs: AttemptRef) -> set[AttemptRef]:
    return leader.do(leader.ledger.renew_leases(refs, LEASE_SECONDS))


def test_each_is_an_open_run_and_its_slot_is_decided(leader: Leader) -> None:
    jobs = [make_light(f"probe-{number}", namespace=f"team-{number % 2}") for number in range(5)]
    runs = [queued(leader, job) for job in jobs]

    assert write_down(leader, *runs) == set()

    assert [open_run.ref for job in jobs for open_run in leader.open_runs(job)] == [run.ref for run in runs]
    assert {answer.verdict for answer in leader.admit(*(run.claim for run in runs))} == {Verdict.ALREADY_DECIDED}
    assert leader.due() == []
    assert {leader.finish(report_of(run.ref)).state for run in runs} == {RunState.SUCCEEDED}


def test_what_is_written_down_twice_is_there_once(leader: Leader) -> None:
    job = make_light()
    run = queued(leader, job)
    write_down(leader, run)

    assert write_down(leader, run) == set()

    assert [open_run.ref for open_run in leader.open_runs(job)] == [run.ref]


def test_a_run_that_redis_admitted_after_all_is_the_same_run(leader: Leader) -> None:
    job = make_light()
    ref = leader.admit_slot(job)  # the answer was late

    assert write_down(leader, queued(leader, job)) == set()

    assert [open_run.ref for open_run in leader.open_runs(job)] == [ref]
    (answer,) = leader.admit(leader.slot_claim(job))
    assert answer.verdict is Verdict.ALREADY_DECIDED


def test_a_run_that_has_ended_may_not_start(leader: Leader) -> None:
    job = make_light()
    ref = leader.admit_slot(job)
    leader.finish(report_of(ref))

    assert write_down(leader, queued(leader, job)) == {ref}

    assert leader.open_runs(job) == []


def test_a_run_whose_next_attempt_was_made_may_not_start(leader: Leader, past: Past) -> None:
    job = make_light()
    ref = leader.admit_slot(job)
    past.age_lease(ref)
    (again,) = leader.sweep()

    assert write_down(leader, queued(leader, job)) == {ref}

    assert leader.open_runs(job)[0].ref == again.order.ref


def test_slots_that_were_passed_over_meanwhile_do_not_hide_it(leader: Leader) -> None:
    job = make_light()
    run = queued(leader, job)
    skip = SlotsSkipped(
        namespace=job.namespace, name=job.name, reason=Reason.OVERLAP, count=1, last_slot_epoch_seconds=SLOT + 60
    )
    leader.do(leader.ledger.record_skips([skip], leader.fence))

    assert write_down(leader, run) == set()

    assert [open_run.ref for open_run in leader.open_runs(job)] == [run.ref]
    assert leader.watermark(job) == SLOT + 60


def test_its_next_attempt_has_the_order_as_it_was(leader: Leader, past: Past) -> None:
    job = make_light()
    run = queued(leader, job)
    write_down(leader, run)
    past.age_lease(run.ref)

    (again,) = leader.sweep()

    assert again.order.arguments == job.arguments
    assert (again.order.ref.attempt, again.order.slot_epoch_seconds) == (2, SLOT)


def test_renewal_changes_the_lease_and_nothing_else(leader: Leader, past: Past) -> None:
    """Also where a user's own text looks like a lease."""
    arguments = {"note": '"lease":1,"fence":7', "number": 9_007_199_254_740_993}
    job = make_light().model_copy(update={"arguments": arguments})
    ref = leader.start_light(job)
    past.age_lease(ref)
    assert len(leader.due()) == 1

    assert renew(leader, ref) == set()

    assert leader.due() == []
    past.age_lease(ref)
    (again,) = leader.sweep()
    assert again.order.arguments == arguments


def test_of_many_those_that_are_gone_are_told(leader: Leader) -> None:
    jobs = [make_light(f"probe-{number}", namespace=f"team-{number % 2}") for number in range(4)]
    refs = [leader.start_light(job) for job in jobs]
    leader.finish(report_of(refs[1]))
    leader.do(leader.ledger.cancel(refs[2].namespace, refs[2].name, refs[2].run_id))

    assert renew(leader, *refs) == {refs[1], refs[2]}
