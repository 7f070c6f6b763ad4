"""Redis emptied, killed or out of reach: nothing starts before the leader has compared, and nothing runs twice."""

import pytest
import redis
from tests.ledger_actors import LEASE_SECONDS, SLOT, Leader, Past, make_job, make_light, report_of
from tests.redis_server import RealServer

from scheduledtask_workloads.contract import RetryPolicy, RunState
from scheduledtask_workloads.ledger import (
    EntryVerdict,
    LedgerUnreachable,
    RunWithoutRedis,
    Verdict,
    WorkerLedger,
)

JOB = make_job()


def compare_and_stamp(leader: Leader, watermarks) -> None:
    epoch = leader.do(leader.ledger.epoch())
    assert not epoch.matches
    leader.do(leader.ledger.raise_watermarks(watermarks))
    assert leader.do(leader.ledger.stamp_epoch(leader.fence, epoch.server_run_id))
    assert leader.do(leader.ledger.epoch()).matches


def test_an_emptied_server_starts_nothing_until_compared_and_no_slot_again(
    leader: Leader, worker: WorkerLedger, redis_server: RealServer
) -> None:
    job = make_light()
    leader.finish(report_of(leader.start_light(job)))
    queued = leader.admit_slot(JOB)
    redis_server.wipe()

    (refused,) = leader.admit(leader.slot_claim(job))
    assert refused.verdict is Verdict.EPOCH_MISSING
    assert worker.enter(queued, "worker-1", LEASE_SECONDS).verdict is EntryVerdict.EPOCH_MISSING

    compare_and_stamp(leader, {job.key: SLOT, JOB.key: SLOT})
    again, later = leader.admit(leader.slot_claim(job), leader.slot_claim(job, SLOT + 60))
    assert (again.verdict, later.verdict) == (Verdict.ALREADY_DECIDED, Verdict.ADMITTED)


def test_a_server_killed_and_started_again_has_another_epoch(
    leader: Leader, worker: WorkerLedger, redis_server: RealServer, past: Past
) -> None:
    past.client.config_set("appendfsync", "always")
    ref = leader.admit_slot(JOB)
    redis_server.restart()

    assert worker.enter(ref, "worker-1", LEASE_SECONDS).verdict is EntryVerdict.EPOCH_MISSING
    compare_and_stamp(leader, {JOB.key: SLOT})
    (answer,) = leader.admit(leader.slot_claim(JOB))
    assert answer.verdict is Verdict.ADMITTED  # the same claim again: it was not dispatched
    assert [run.ref for run in leader.open_runs(JOB)] == [ref]
    assert worker.enter(ref, "worker-1", LEASE_SECONDS).verdict is EntryVerdict.ENTERED


def test_a_server_that_changed_while_comparing_is_not_stamped(leader: Leader, redis_server: RealServer) -> None:
    epoch = leader.do(leader.ledger.epoch())
    redis_server.restart()

    assert not leader.do(leader.ledger.stamp_epoch(leader.fence, epoch.server_run_id))
    assert not leader.do(leader.ledger.epoch()).matches


def test_a_worker_writes_a_run_again_that_the_server_lost(
    leader: Leader, worker: WorkerLedger, redis_server: RealServer
) -> None:
    job = make_job(retry=RetryPolicy(limit=1))
    ref = leader.admit_slot(job)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    redis_server.wipe()

    assert worker.renew([ref], LEASE_SECONDS) == set()

    (run,) = leader.open_runs(job)
    assert (run.ref, run.record.state, run.record.host) == (ref, RunState.STARTED, "worker-1")
    assert leader.watermark(job) == SLOT
    record = worker.finish(report_of(ref, RunState.FAILED))
    assert record is not None
    assert record.state is RunState.WAITING


def test_a_worker_that_only_finishes_after_the_loss_is_recorded(
    leader: Leader, worker: WorkerLedger, redis_server: RealServer
) -> None:
    ref = leader.admit_slot(JOB)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    redis_server.wipe()

    record = worker.finish(report_of(ref))

    assert record is not None
    assert record.state is RunState.SUCCEEDED
    assert leader.history(JOB) == [record]


def test_another_process_of_the_host_can_remember_for_it(
    leader: Leader, worker: WorkerLedger, other_worker: WorkerLedger, redis_server: RealServer
) -> None:
    entry = worker.enter(leader.admit_slot(JOB), "worker-1", LEASE_SECONDS)
    assert entry.memory is not None
    other_worker.remember(entry.ref, entry.memory)
    redis_server.wipe()

    assert other_worker.renew([entry.ref], LEASE_SECONDS) == set()


def test_a_run_that_ended_is_not_written_again_by_its_old_host(
    leader: Leader, worker: WorkerLedger, past: Past, redis_server: RealServer
) -> None:
    job = make_job(retry=RetryPolicy(on_lost=0))
    past.client.config_set("appendfsync", "always")
    ref = leader.admit_slot(job)
    worker.enter(ref, "worker-1", LEASE_SECONDS)
    past.age_lease(ref)
    assert leader.sweep() == []
    redis_server.restart()

    assert worker.renew([ref], LEASE_SECONDS) == {ref.attempt_id}
    record = worker.finish(report_of(ref))
    assert record is not None
    assert record.state is RunState.LOST
    assert leader.open_runs(job) == []


def test_a_server_that_does_not_answer_is_one_error(
    leader: Leader, worker: WorkerLedger, redis_server: RealServer
) -> None:
    ref = leader.admit_slot(JOB)
    redis_server.kill()

    with pytest.raises(LedgerUnreachable):
        leader.admit(leader.slot_claim(JOB))
    with pytest.raises(LedgerUnreachable):
        worker.enter(ref, "worker-1", LEASE_SECONDS)


def run_without_redis(leader: Leader, job, ended: RunState | None) -> RunWithoutRedis:
    claim = leader.slot_claim(job)
    ref = claim.order(leader.fence).ref
    report = None if ended is None else report_of(ref, ended, started_at=SLOT + 0.2)
    return RunWithoutRedis(claim, ref, leader.host, SLOT + 0.1, SLOT + 0.2, report)


def write_down(leader: Leader, run: RunWithoutRedis):
    (record,) = leader.do(leader.ledger.write_down([run], leader.fence, LEASE_SECONDS))
    return record


def test_a_light_run_without_redis_is_written_down_and_its_slot_decided(leader: Leader) -> None:
    job = make_light()
    run = run_without_redis(leader, job, RunState.SUCCEEDED)

    record = write_down(leader, run)

    assert (record.state, record.admitted_at, record.started_at) == (RunState.SUCCEEDED, SLOT + 0.1, SLOT + 0.2)
    assert leader.history(job) == [record]
    (answer,) = leader.admit(run.claim)
    assert answer.verdict is Verdict.ALREADY_DECIDED
    assert write_down(leader, run) is None
    assert leader.history(job) == [record]


def test_a_light_run_that_redis_admitted_after_all_takes_its_outcome(leader: Leader) -> None:
    job = make_light()
    leader.admit_slot(job)  # the answer was lost

    record = write_down(leader, run_without_redis(leader, job, RunState.FAILED))

    assert (record.state, record.attempts) == (RunState.FAILED, 1)
    assert leader.open_runs(job) == []


def test_a_failure_without_redis_is_retried_like_any(leader: Leader, past: Past) -> None:
    job = make_light(retry=RetryPolicy(limit=1))
    run = run_without_redis(leader, job, RunState.FAILED)

    assert write_down(leader, run).state is RunState.WAITING
    past.age(run.ref, "retry_at")
    (again,) = leader.sweep()
    assert again.order.ref.attempt == 2


def test_a_light_run_that_still_runs_is_written_down_with_a_lease(leader: Leader) -> None:
    job = make_light()
    run = run_without_redis(leader, job, None)

    assert write_down(leader, run).state is RunState.STARTED
    assert leader.do(leader.ledger.renew_leases([run.ref], LEASE_SECONDS)) == set()
    assert leader.due() == []
    assert leader.finish(report_of(run.ref)).state is RunState.SUCCEEDED


def test_an_outcome_that_comes_after_the_next_attempt_is_not_taken(leader: Leader, past: Past) -> None:
    job = make_light()
    ref = leader.admit_slot(job)
    past.age_lease(ref)
    (again,) = leader.sweep()

    assert write_down(leader, run_without_redis(leader, job, RunState.SUCCEEDED)) is None
    assert leader.open_runs(job)[0].ref == again.order.ref


def test_scripts_are_loaded_again_after_they_were_flushed(leader: Leader, worker: WorkerLedger, past: Past) -> None:
    past.client.script_flush()

    ref = leader.admit_slot(JOB)
    assert worker.enter(ref, "worker-1", LEASE_SECONDS).verdict is EntryVerdict.ENTERED


def test_a_worker_needs_only_its_namespace_and_the_epoch(leader: Leader, past: Past, redis_url: str) -> None:
    """A Redis user that is held to the prefix, as workers are."""
    word = "of-the-tenant"
    rights = ["~scheduledtask:ns:default:*", "%R~scheduledtask:epoch", "-@all", "+@read", "+@write", "+@scripting"]
    past.client.execute_command("ACL", "SETUSER", "tenant", "on", f">{word}", *rights, "+info", "+time", "+ping")
    ref, foreign = leader.admit_slot(JOB), leader.admit_slot(make_job(namespace="elsewhere"))
    address = redis.Redis.from_url(redis_url).connection_pool.connection_kwargs
    with redis.Redis(host=address["host"], port=address["port"], username="tenant", password=word) as client:
        tenant = WorkerLedger(client)
        assert tenant.enter(ref, "worker-1", LEASE_SECONDS).verdict is EntryVerdict.ENTERED
        assert tenant.renew([ref], LEASE_SECONDS) == set()
        assert tenant.finish(report_of(ref)) is not None
        with pytest.raises(LedgerUnreachable, match="key"):
            tenant.enter(foreign, "worker-1", LEASE_SECONDS)
