"""What becomes of a run when an attempt ends: retries with a growing pause, lost hosts, interruptions, limits."""

import time

import pytest
from tests.ledger_actors import LEASE_SECONDS, SLOT, Leader, Past, make_job, make_light, report_of

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, Reason, RetryPolicy, RunState
from scheduledtask_workloads.ledger import WorkerLedger

PATIENT = RetryPolicy(limit=4, backoff_seconds=30.0, max_backoff_seconds=200.0)


def fail(leader: Leader, ref: AttemptRef, state: RunState = RunState.FAILED, **fields):
    return leader.finish(report_of(ref, state, **fields))


def next_attempt(leader: Leader, past: Past, ref: AttemptRef) -> AttemptRef:
    past.age(ref, "retry_at")
    (again,) = leader.sweep()
    return again.order.ref


def test_the_pause_doubles_up_to_its_bound_and_ends_with_the_limit(leader: Leader, past: Past) -> None:
    ref, pauses = leader.start_light(make_light(retry=PATIENT)), []
    record = fail(leader, ref)
    while record.state is RunState.WAITING:
        pauses.append(round(record.retry_at - time.time(), -1))
        ref = next_attempt(leader, past, ref)
        record = fail(leader, ref, RunState.TIMED_OUT, reason=Reason.TIME_LIMIT)

    assert pauses == [30, 60, 120, 200]
    assert (record.state, record.reason) == (RunState.TIMED_OUT, Reason.TIME_LIMIT)
    assert (record.attempts, record.failures, record.retry_at) == (5, 5, None)


def test_without_retries_a_failure_is_final(leader: Leader) -> None:
    job = make_light()

    record = fail(leader, leader.start_light(job), message="disk full", output="…é\x00", peak_memory_bytes=2**33)

    assert (record.state, record.message, record.output) == (RunState.FAILED, "disk full", "…é\x00")
    assert (record.peak_memory_bytes, record.ended_at) == (2**33, SLOT + 9.5)
    assert leader.history(job) == [record]
    assert leader.open_runs(job) == []
    assert leader.feed()[-1] == record


def test_a_waiting_run_is_left_alone_until_its_time(leader: Leader) -> None:
    fail(leader, leader.start_light(make_light(retry=PATIENT)))

    assert leader.due() == []


def test_the_next_attempt_is_asked_for_exactly_what_the_first_was(
    leader: Leader, worker: WorkerLedger, past: Past
) -> None:
    job = make_job(retry=PATIENT, timeout_seconds=7200, memory_limit_bytes=2**31, artifacts_url="file:///a")
    ref = leader.admit_slot(job)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    waiting = fail(leader, ref, message="once")
    past.age(ref, "retry_at")

    (again,) = leader.sweep()

    expected = leader.first_order(job)
    assert again.order == expected.model_copy(update={"ref": ref.model_copy(update={"attempt": 2})})
    assert again.pool == "reports"
    assert waiting.state is RunState.WAITING
    (run,) = leader.open_runs(job)
    assert (run.record.state, run.record.message, run.record.retry_at) == (RunState.ADMITTED, "", None)


def test_a_lost_attempt_is_followed_at_once_up_to_its_limit(leader: Leader) -> None:
    job = make_light(retry=RetryPolicy(limit=0, on_lost=2))
    ref = leader.start_light(job)
    for attempt in (2, 3):
        assert fail(leader, ref, RunState.LOST).state is RunState.WAITING
        (again,) = leader.sweep()
        ref = again.order.ref
        assert ref.attempt == attempt

    record = fail(leader, ref, RunState.LOST)

    assert (record.state, record.losses, record.failures) == (RunState.LOST, 3, 0)


def test_our_own_interruption_is_never_counted(leader: Leader) -> None:
    ref = leader.start_light(make_light(retry=RetryPolicy(on_lost=0)))
    for _ in range(5):
        assert fail(leader, ref, RunState.LOST, reason=Reason.INTERRUPTED).state is RunState.WAITING
        (again,) = leader.sweep()
        ref = again.order.ref

    assert leader.finish(report_of(ref)).losses == 0


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.CANCELLED])
def test_success_and_cancellation_are_final(leader: Leader, state: RunState) -> None:
    assert fail(leader, leader.start_light(make_light(retry=PATIENT)), state).state is state


def test_reports_of_a_batch_are_answered_in_their_order(leader: Leader) -> None:
    refs = [leader.start_light(make_light(f"probe-{index}")) for index in range(3)]
    unknown = refs[0].model_copy(update={"run_id": "nobody"})
    reports: list[AttemptReport] = [report_of(ref) for ref in (refs[2], unknown, refs[0], refs[1])]

    records = leader.do(leader.ledger.finish(reports))

    assert [record and record.name for record in records] == ["probe-2", None, "probe-0", "probe-1"]


def test_history_keeps_the_newest_up_to_the_jobs_limit(leader: Leader) -> None:
    kept, none = make_light(history_limit=2), make_light("silent", history_limit=0)
    for slot in (SLOT, SLOT + 60, SLOT + 120):
        for job in (kept, none):
            leader.finish(report_of(leader.start_light(job, slot)))

    assert [record.slot_epoch_seconds for record in leader.history(kept)] == [SLOT + 120, SLOT + 60]
    assert leader.history(none) == []


def test_a_long_output_keeps_its_end(leader: Leader) -> None:
    record = fail(leader, leader.start_light(make_light()), output="x" * 10_000 + "the end")

    assert len(record.output) == 4096
    assert record.output.endswith("the end")


def test_nothing_to_say_is_no_error(leader: Leader, worker: WorkerLedger) -> None:
    ledger = leader.ledger

    assert leader.admit() == []
    assert leader.do(ledger.finish([])) == []
    assert leader.do(ledger.due_for_sweep([])) == []
    assert leader.do(ledger.sweep([], [], leader.fence, leader.host, LEASE_SECONDS)) == []
    assert leader.do(ledger.renew_leases([], LEASE_SECONDS)) == set()
    assert leader.do(ledger.history([])) == {}
    assert leader.do(ledger.read_feed({})) == []
    assert leader.do(ledger.watermarks([])) == {}
    leader.do(ledger.raise_watermarks({}))
    leader.do(ledger.record_skips([], leader.fence))
    assert leader.do(ledger.write_down([], leader.fence, LEASE_SECONDS)) == []
    assert worker.renew([], LEASE_SECONDS) == set()
