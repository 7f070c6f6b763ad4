"""The fence: a newer leader shuts out an older one, whatever that one still sends."""

from collections.abc import Callable

import pytest
from tests.ledger_actors import LEASE_SECONDS, SLOT, Leader, make_job, make_light, report_of

from scheduledtask_workloads.contract import Reason, RunState
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.ledger import Claim, FencedOut, RunWithoutRedis, Verdict

MakeLeader = Callable[..., Leader]


@pytest.fixture
def old(make_leader: MakeLeader) -> Leader:
    return make_leader(fence=1).lead()


@pytest.fixture
def new(old: Leader, make_leader: MakeLeader) -> Leader:
    return make_leader(fence=2, host="scheduler-2").lead()


def test_an_old_leader_admits_nothing(old: Leader, new: Leader) -> None:
    job = make_light()

    (answer,) = old.admit(Claim.of_slot(job, SLOT, SLOT))

    assert answer.verdict is Verdict.FENCED
    assert new.watermark(job) is None
    assert new.admit_slot(job).fence == 2


def test_an_old_leader_may_not_lead_sweep_stamp_skip_or_write_down(old: Leader, new: Leader) -> None:
    ledger, job = old.ledger, make_light()
    skip = SlotsSkipped(
        namespace="default", name="probe", reason=Reason.COALESCED, count=1, last_slot_epoch_seconds=SLOT
    )
    claim = Claim.of_slot(job, SLOT, SLOT)
    written = RunWithoutRedis(claim, claim.order(1).ref, "scheduler-1", SLOT, None, None)

    for call in (
        ledger.take_leadership(1),
        ledger.stamp_epoch(1, "x"),
        ledger.record_skips([skip], 1),
        ledger.write_down([written], 1, LEASE_SECONDS),
        ledger.sweep([], [], 1, "scheduler-1", LEASE_SECONDS),
    ):
        with pytest.raises(FencedOut, match="fence 1 is older"):
            old.do(call)

    assert (new.watermark(job), new.open_runs(job), new.feed()) == (None, [], [])


def test_two_fences_that_race_for_a_slot_share_one_run(old: Leader, make_leader: MakeLeader) -> None:
    new, job = make_leader(fence=2, host="scheduler-2"), make_job(max_concurrency=9)
    claim = Claim.of_slot(job, SLOT, SLOT)

    first, _, second, third = old.both(
        old.admitting(claim), new.ledger.take_leadership(2), new.admitting(claim), old.admitting(claim)
    )

    admitted = [answer for (answer,) in (first, second, third) if answer.verdict is Verdict.ADMITTED]
    assert admitted
    assert len({run.ref for run in new.open_runs(job)}) == 1


def test_a_leader_that_admits_before_it_took_leadership_shuts_out_the_old_one(
    old: Leader, make_leader: MakeLeader
) -> None:
    make_leader(fence=2).admit_slot(make_light())

    (answer,) = old.admit(Claim.of_slot(make_light("other"), SLOT, SLOT))

    assert answer.verdict is Verdict.FENCED


def test_runs_in_flight_of_an_old_leader_go_on(old: Leader, make_leader: MakeLeader) -> None:
    job = make_light()
    ref = old.start_light(job)
    new = make_leader(fence=2, host="scheduler-2").lead()

    assert new.do(new.ledger.renew_leases([ref], LEASE_SECONDS)) == set()
    assert old.finish(report_of(ref)).state is RunState.SUCCEEDED
