"""Runs that are asked for outside of the schedule: with their own arguments, once, and always answered."""

from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.scheduler.rig import Rig, heavy_job, light_job
from tests.redis_server import RealServer

from scheduledtask_workloads.broker import HeavyPublisher
from scheduledtask_workloads.contract import ConcurrencyPolicy, Job, Reason, RetryPolicy, RunRecord, RunState
from scheduledtask_workloads.contract.messages import CancelRun, JobPut, JobRemoved, RequestRun, RunRefused
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint


def ask(name: str, run_id: str, **fields: object) -> RequestRun:
    return RequestRun.model_validate({"namespace": "team", "name": name, "run_id": run_id, **fields})


def ended(control: ControlPlane, name: str) -> RunRecord:
    control.await_true(lambda: any(record.state.final for record in control.records(name)))
    return next(record for record in control.records(name) if record.state.final)


def refused(control: ControlPlane, run_id: str) -> RunRefused:
    control.await_true(lambda: [answer for answer in control.of(RunRefused) if answer.run_id == run_id])
    return [answer for answer in control.of(RunRefused) if answer.run_id == run_id][-1]


def echo(name: str, **fields: object) -> Job:
    return light_job(name, "echoes", every=None, **{"arguments": {"text": "job's", "times": 1}, **fields})


def test_its_arguments_are_laid_over_the_jobs_one_by_one(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([echo("speaks"), echo("as-written")])

    control.say(ask("speaks", "asked", arguments={"times": 2}), ask("as-written", "plain"))

    assert ended(control, "speaks").result == ["job's", "job's"]
    assert ended(control, "as-written").result == ["job's"]


def test_its_body_is_told_the_slot_that_was_asked_for_and_the_schedule_goes_on(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("pulse")])
    far_away = 4_000_000_000

    control.say(ask("pulse", "backfill", slot_epoch_seconds=far_away))
    rig.await_true(lambda: "backfill" in rig.completed("pulse"), "the run that was asked for")
    seen = len(rig.completed("pulse"))
    rig.await_true(lambda: len(rig.completed("pulse")) > seen + 1, "slots go on")

    told = {event["run_id"]: event["slot"] for event in rig.bodies("pulse")}
    assert told["backfill"] == far_away
    records = [record for record in control.records("pulse") if record.run_id == "backfill"]
    assert {record.slot_epoch_seconds for record in records} == {None}


def test_a_retry_keeps_the_arguments_and_the_slot_that_were_asked_for(rig: Rig) -> None:
    control = rig.start()
    retry = RetryPolicy(limit=1, backoff_seconds=0.1)
    control.hand_over([light_job("fails", "raises", every=None, arguments={"message": "job's"}, retry=retry)])

    control.say(ask("fails", "asked", arguments={"message": "its own"}, slot_epoch_seconds=60))
    record = ended(control, "fails")

    assert record.attempts == 2
    assert "its own" in record.message
    assert {event["slot"] for event in rig.bodies("fails")} == {60}


def test_it_is_told_as_admitted_before_anything_can_run_it(rig: Rig) -> None:
    control = rig.start_scheduler()
    control.hand_over([light_job("waits", every=None), heavy_job("big", every=None)])

    control.say(ask("waits", "light"), ask("big", "heavy"))

    for name in ("waits", "big"):
        control.await_true(lambda name=name: control.records(name))
        assert [record.state for record in control.records(name)] == [RunState.ADMITTED]


def test_asked_again_after_its_end_its_record_is_told_again(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([echo("speaks")])
    control.say(ask("speaks", "once"))
    first = ended(control, "speaks")

    again = rig.connect()
    again.hand_over([echo("speaks")])
    again.say(ask("speaks", "once"))

    assert ended(again, "speaks") == first
    assert rig.completed("speaks") == ["once"]


def test_asked_again_when_its_record_is_gone_the_answer_is_final(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([echo("speaks", history_limit=1, concurrency_policy=ConcurrencyPolicy.ALLOW)])
    for run_id in ("first", "second"):
        control.say(ask("speaks", run_id))
        rig.await_true(lambda run_id=run_id: run_id in rig.completed("speaks"), run_id)
    control.await_true(lambda: sum(record.state.final for record in control.records("speaks")) == 2)

    control.say(ask("speaks", "first"))

    answer = refused(control, "first")
    assert (answer.reason, answer.final) == (Reason.RECORD_GONE, True)


def test_an_unknown_task_may_come(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([])

    control.say(ask("later", "run"))
    answer = refused(control, "run")
    control.say(JobPut(job=echo("later")), ask("later", "run"))

    assert (answer.reason, answer.final) == (Reason.UNKNOWN_TASK, False)
    assert "team/later" in answer.message
    assert ended(control, "later").state is RunState.SUCCEEDED


def test_an_overlap_is_refused_until_there_is_room(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("slow", "sleeps", every=None, arguments={"seconds": 600})])
    control.say(ask("slow", "first"))
    rig.await_true(lambda: rig.begun("slow"), "the first runs")

    control.say(ask("slow", "second", arguments={"seconds": 0}))
    answer = refused(control, "second")
    control.say(CancelRun(namespace="team", name="slow", run_id="first"))
    assert ended(control, "slow").run_id == "first"
    control.say(ask("slow", "second", arguments={"seconds": 0}))

    assert (answer.reason, answer.final) == (Reason.OVERLAP, False)
    rig.await_true(lambda: "second" in rig.completed("slow"), "the second runs")


def test_a_suspended_task_runs_when_it_is_asked_for(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("sleeper", suspended=True)])

    control.say(ask("sleeper", "asked"))

    assert ended(control, "sleeper").run_id == "asked"
    assert rig.completed("sleeper") == ["asked"]


def test_light_and_heavy_requests_wait_for_redis(rig: Rig, redis_url: str, redis_server: RealServer) -> None:
    control = rig.start()
    control.hand_over([echo("speaks"), heavy_job("big", every=None)])
    control.await_true(lambda: control.status().redis_reachable)
    redis_server.kill()
    control.await_true(lambda: not control.status().redis_reachable)

    control.say(ask("speaks", "light"), ask("big", "heavy"), ask("speaks", "light"))
    redis_server.start()

    assert ended(control, "speaks").run_id == "light"
    publisher = HeavyPublisher(RedisEndpoint.parse(redis_url))
    rig.await_true(lambda: publisher.attempts("team", "big") == {"heavy.1"}, "the heavy one is published")
    publisher.close()
    assert rig.completed("speaks") == ["light"]


def test_a_request_that_waits_is_cancelled(rig: Rig, redis_server: RealServer) -> None:
    control = rig.start()
    control.hand_over([echo("speaks"), echo("goes")])
    control.await_true(lambda: control.status().redis_reachable)
    redis_server.kill()
    control.await_true(lambda: not control.status().redis_reachable)
    control.say(ask("speaks", "unwanted"), ask("goes", "homeless"))

    control.say(
        CancelRun(namespace="team", name="speaks", run_id="unwanted"), JobRemoved(namespace="team", name="goes")
    )
    redis_server.start()

    answer = refused(control, "unwanted")
    assert (answer.reason, answer.final) == (Reason.CANCELLED, True)
    assert refused(control, "homeless").reason is Reason.UNKNOWN_TASK
    assert not rig.begun("speaks")
