"""The scheduler is killed, frozen, or left alone: no slot is lost, none runs twice."""

import os
import signal
import time

import redis
from tests.integration.scheduler.rig import Rig, light_job

from scheduledtask_workloads.contract import RunState
from scheduledtask_workloads.contract.keys import FENCE_KEY, NamespaceKeys
from scheduledtask_workloads.contract.messages import GrantAcknowledged

HOURLY = "0 0 * * * *"


def test_a_killed_scheduler_loses_and_doubles_nothing(rig: Rig) -> None:
    jobs = [light_job(f"job-{number}", "sleeps", arguments={"seconds": 0.3}) for number in range(4)]
    control = rig.start()
    control.hand_over(jobs)
    rig.await_true(lambda: all(rig.completed(job.name) for job in jobs), "all run")

    rig.kill_scheduler()
    control = rig.start_scheduler()
    control.hand_over(jobs)
    restarted_at = time.time()
    rig.await_true(lambda: all(rig.bodies(job.name)[-1]["slot"] > restarted_at + 2 for job in jobs), "all run again")

    for job in jobs:
        assert not rig.doubled(job.name)
        begun = [event["slot"] for event in rig.bodies(job.name) if event["event"] == "begin"]
        skipped = sum(skip.count for skip in control.skipped(job.name))
        assert len(set(begun)) + skipped >= begun[-1] - begun[0] + 1


def test_what_runs_while_the_scheduler_is_killed_is_adopted(rig: Rig) -> None:
    control = rig.start()
    job = light_job("long", "sleeps", arguments={"seconds": 3}, every=HOURLY, effective_from=time.time() - 3601)
    control.hand_over([job])
    rig.await_true(lambda: rig.begun("long"), "it runs")

    rig.kill_scheduler()
    control = rig.start_scheduler()
    control.hand_over([job])
    control.await_true(lambda: any(record.state is RunState.SUCCEEDED for record in control.records("long")))

    assert len(rig.begun("long")) == len(rig.completed("long")) == 1
    assert {record.attempts for record in control.records("long")} == {1}


def test_what_ended_while_no_scheduler_ran_is_recorded(rig: Rig) -> None:
    control = rig.start()
    job = light_job("long", "sleeps", arguments={"seconds": 1}, every=HOURLY, effective_from=time.time() - 3601)
    control.hand_over([job])
    rig.await_true(lambda: rig.begun("long"), "it runs")

    rig.kill_scheduler()
    rig.await_true(lambda: rig.completed("long"), "it ends")
    control = rig.start_scheduler()
    control.hand_over([job])

    control.await_true(lambda: any(record.state is RunState.SUCCEEDED for record in control.records("long")))
    assert len(rig.begun("long")) == 1


def test_what_was_queued_in_a_killed_scheduler_runs_at_once_under_the_next(rig: Rig) -> None:
    """Not when its lease lapses: the runners say that they do not have it."""
    rig.start_runners(processes=1)
    control = rig.start_scheduler("--lease-seconds", "120")
    aged = {"every": HOURLY, "effective_from": time.time() - 3601}
    jobs = [light_job(f"job-{number}", "sleeps", arguments={"seconds": 1.0}, **aged) for number in range(3)]
    control.hand_over(jobs)
    rig.await_true(lambda: any(rig.begun(job.name) for job in jobs), "the first runs")

    rig.kill_scheduler()
    rig.start_scheduler("--lease-seconds", "120").hand_over(jobs)

    rig.await_true(lambda: all(rig.completed(job.name) for job in jobs), "each runs")
    assert not any(rig.doubled(job.name) for job in jobs)


def test_a_scheduler_frozen_past_its_grant_starts_nothing_of_what_it_held(rig: Rig, redis_url: str) -> None:
    rig.start_runners(processes=1)
    control = rig.start_scheduler()
    jobs = [light_job(f"job-{number}", "sleeps", arguments={"seconds": 1.5}) for number in range(6)]
    control.hand_over(jobs, grant_seconds=3)
    rig.await_true(lambda: any(rig.begun(job.name) for job in jobs), "the first runs")
    held = 2  # what is already with the runners when the freeze begins, at most

    assert rig.scheduler is not None
    os.kill(rig.scheduler.pid, signal.SIGSTOP)
    begun = sum(len(rig.begun(job.name)) for job in jobs)
    with redis.Redis.from_url(redis_url) as client:
        client.set(FENCE_KEY, 2)
    granted_until = time.monotonic() + 3
    rig.await_true(lambda: time.monotonic() > granted_until, "the grant lapses")
    os.kill(rig.scheduler.pid, signal.SIGCONT)
    # Not by its status alone: the last one before the freeze may be older than its grant, and says the same.
    rig.await_true(lambda: "a newer leader was here" in rig.log, "it hears of the newer leader")
    control.await_true(lambda: control.status().fence is None)

    after = sum(len(rig.begun(job.name)) for job in jobs)
    assert after <= begun + held - 1


def test_alone_it_goes_on_while_redis_knows_no_newer_leader(rig: Rig, redis_url: str) -> None:
    control = rig.start()
    control.hand_over([light_job("pulse")], grant_seconds=1)
    control.await_true(lambda: control.of(GrantAcknowledged))
    control.close()
    seen = len(rig.completed("pulse"))
    rig.await_true(lambda: len(rig.completed("pulse")) >= seen + 3, "it goes on without a grant")

    with redis.Redis.from_url(redis_url) as client:
        client.set(FENCE_KEY, 2)
    rig.await_true(lambda: "a newer leader was here" in rig.log, "it hears of the newer leader")

    begun = len(rig.begun("pulse"))
    again = rig.connect()
    again.await_true(lambda: len(again.heard) >= 3)
    assert len(rig.begun("pulse")) == begun


def test_a_day_away_runs_the_latest_slot_and_tells_of_the_others(rig: Rig, redis_url: str) -> None:
    control = rig.start()
    day_ago = int(time.time()) - 86400
    name_slot = {"hourly": f"{day_ago} "}
    with redis.Redis.from_url(redis_url) as client:
        client.hset(NamespaceKeys("team").tasks, mapping=name_slot)
        client.sadd("scheduledtask:namespaces", "team")
    control.hand_over([light_job("hourly", every=HOURLY, effective_from=day_ago - 86400)])

    rig.await_true(lambda: rig.completed("hourly"), "the latest runs")
    control.await_true(lambda: control.skipped("hourly"))

    assert len(rig.begun("hourly")) == 1
    assert [(skip.reason.value, skip.count) for skip in control.skipped("hourly")] == [("Coalesced", 23)]
