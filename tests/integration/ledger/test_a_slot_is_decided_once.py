"""A slot is decided once, whoever asks and however often."""

from collections.abc import Callable

import pytest
from tests.ledger_actors import LEASE_SECONDS, SLOT, Leader, make_job, make_light, report_of

from scheduledtask_workloads.contract import ConcurrencyPolicy, Reason
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.ledger import Claim, Verdict

MakeLeader = Callable[..., Leader]


def slot_claim(job, slot: int = SLOT) -> Claim:
    return Claim.of_slot(job, slot, slot)


def verdicts(admissions) -> list[Verdict]:
    return [admission.verdict for admission in admissions]


@pytest.mark.parametrize("make", [make_job, make_light])
def test_two_clients_that_claim_at_the_same_moment_share_one_run(make, make_leader: MakeLeader) -> None:
    first, second = make_leader().lead(), make_leader(host="scheduler-2")
    job = make(max_concurrency=5)

    answers = first.both(*(one.admitting(slot_claim(job)) for one in (first, second) * 5))

    admitted_by = {index % 2 for index, (one,) in enumerate(answers) if one.verdict is Verdict.ADMITTED}
    assert len(admitted_by) == 1
    assert len(first.open_runs(job)) == 1


def test_a_slice_of_several_namespaces_is_answered_in_its_own_order(leader: Leader) -> None:
    jobs = [make_light(f"probe-{index}", namespace=f"team-{index % 3}") for index in range(7)]

    leader.admit(slot_claim(jobs[3], SLOT + 60))
    answers = leader.admit(*map(slot_claim, jobs), slot_claim(jobs[4], SLOT - 60))

    expected = [Verdict.ADMITTED] * 8
    expected[3] = expected[7] = Verdict.ALREADY_DECIDED
    assert verdicts(answers) == expected
    assert leader.do(leader.ledger.namespaces()) == {"team-0", "team-1", "team-2"}


def test_a_slice_larger_than_the_stack_of_lua_is_decided(leader: Leader) -> None:
    jobs = [make_light(f"probe-{index}") for index in range(5000)]

    assert set(verdicts(leader.admit(*map(slot_claim, jobs)))) == {Verdict.ADMITTED}
    assert set(verdicts(leader.admit(*(slot_claim(job, SLOT + 60) for job in jobs)))) == {Verdict.SKIPPED}


def test_a_slot_twice_in_one_slice_is_one_run(leader: Leader) -> None:
    job = make_job(max_concurrency=5)

    assert verdicts(leader.admit(slot_claim(job), slot_claim(job))) == [Verdict.ADMITTED, Verdict.ALREADY_DECIDED]


def test_a_claim_whose_answer_was_lost_is_admitted_again_until_it_is_dispatched(leader: Leader) -> None:
    job = make_light()
    claim = slot_claim(job)
    leader.admit(claim)

    (again,) = leader.admit(claim, now=SLOT + 3600)
    leader.do(leader.ledger.mark_dispatched([claim.order(leader.fence).ref], LEASE_SECONDS))
    (after_dispatch,) = leader.admit(claim)

    assert again.verdict is Verdict.ADMITTED
    assert after_dispatch.verdict is Verdict.ALREADY_DECIDED
    assert len(leader.open_runs(job)) == 1


def test_a_lost_answer_is_not_given_to_another_host_or_fence(leader: Leader, make_leader: MakeLeader) -> None:
    claim = slot_claim(make_job())
    leader.admit(claim)

    assert verdicts(make_leader(host="scheduler-2").admit(claim)) == [Verdict.ALREADY_DECIDED]
    assert verdicts(make_leader(fence=2).lead().admit(claim)) == [Verdict.ALREADY_DECIDED]


def test_a_slot_that_ended_is_decided(leader: Leader) -> None:
    job = make_light()
    leader.finish(report_of(leader.start_light(job)))

    assert verdicts(leader.admit(slot_claim(job), slot_claim(job, SLOT - 60))) == [Verdict.ALREADY_DECIDED] * 2


def test_forbid_skips_a_slot_while_the_limit_is_reached_and_goes_on_after_it(leader: Leader) -> None:
    job = make_light(max_concurrency=2)
    refs = [leader.start_light(job), leader.start_light(job, SLOT + 60)]

    (overlapping,) = leader.admit(slot_claim(job, SLOT + 120))
    leader.finish(report_of(refs[0]))
    (same_again, later) = leader.admit(slot_claim(job, SLOT + 120), slot_claim(job, SLOT + 180))

    assert (overlapping.verdict, overlapping.reason) == (Verdict.SKIPPED, Reason.OVERLAP)
    assert same_again.verdict is Verdict.ALREADY_DECIDED
    assert later.verdict is Verdict.ADMITTED
    assert (
        SlotsSkipped(
            namespace="default", name="probe", reason=Reason.OVERLAP, count=1, last_slot_epoch_seconds=SLOT + 120
        )
        in leader.feed()
    )


def test_forbid_counts_the_slots_of_one_slice(leader: Leader) -> None:
    job = make_job(max_concurrency=1)

    answers = leader.admit(slot_claim(job), slot_claim(job, SLOT + 60))

    assert verdicts(answers) == [Verdict.ADMITTED, Verdict.SKIPPED]


def test_allow_starts_beside_running_ones(leader: Leader) -> None:
    job = make_job(concurrency_policy=ConcurrencyPolicy.ALLOW, max_concurrency=1)

    answers = leader.admit(*(slot_claim(job, SLOT + 60 * index) for index in range(4)))

    assert verdicts(answers) == [Verdict.ADMITTED] * 4
    assert [run.record.slot_epoch_seconds for run in leader.open_runs(job)] == [SLOT + 60 * i for i in range(4)]


def test_a_slot_past_its_starting_deadline_is_skipped(leader: Leader) -> None:
    job = make_light(starting_deadline_seconds=10)
    late, on_time = Claim.of_slot(job, SLOT, SLOT + 5), Claim.of_slot(job, SLOT + 60, SLOT + 65)

    (skipped,) = leader.admit(late, now=SLOT + 15.5)
    (admitted,) = leader.admit(on_time, now=SLOT + 75)

    assert (skipped.verdict, skipped.reason) == (Verdict.SKIPPED, Reason.DEADLINE)
    assert admitted.verdict is Verdict.ADMITTED
    assert [change.reason for change in leader.feed()] == [Reason.DEADLINE]


def test_a_watermark_never_goes_down(leader: Leader) -> None:
    job = make_light()
    leader.admit_slot(job, SLOT + 600)

    leader.do(leader.ledger.raise_watermarks({job.key: SLOT, make_job("other").key: SLOT}))

    assert leader.watermark(job) == SLOT + 600
    assert leader.watermark(make_job("other")) == SLOT
    assert leader.watermark(make_job("unknown")) is None
    assert verdicts(leader.admit(slot_claim(job))) == [Verdict.ALREADY_DECIDED]


def test_recorded_skips_are_decided_and_told_once(leader: Leader) -> None:
    skip = SlotsSkipped(
        namespace="default", name="probe", reason=Reason.COALESCED, count=7, last_slot_epoch_seconds=SLOT
    )

    for _ in range(2):  # the answer to the first was lost
        leader.do(leader.ledger.record_skips([skip], leader.fence))

    assert leader.feed() == [skip]
    assert verdicts(leader.admit(slot_claim(make_light()))) == [Verdict.ALREADY_DECIDED]


def test_a_request_runs_once_also_when_asked_again_after_its_end(leader: Leader) -> None:
    job = make_light(schedule=None)
    request = Claim(job, "by-hand", None, SLOT)

    first = leader.admit(request)
    ref = request.order(leader.fence).ref
    resent = leader.admit(request)
    leader.do(leader.ledger.mark_dispatched([ref], LEASE_SECONDS))
    while_running = leader.admit(request)
    record = leader.finish(report_of(ref))

    assert verdicts(first + resent) == [Verdict.ADMITTED] * 2
    assert verdicts(while_running + leader.admit(request)) == [Verdict.ALREADY_DECIDED] * 2
    assert record.slot_epoch_seconds is None
    assert leader.watermark(job) is None


def test_a_request_passes_the_concurrency_policy(leader: Leader) -> None:
    job = make_light()
    leader.start_light(job)

    (answer,) = leader.admit(Claim(job, "by-hand", None, SLOT))

    assert (answer.verdict, answer.reason) == (Verdict.SKIPPED, Reason.OVERLAP)
