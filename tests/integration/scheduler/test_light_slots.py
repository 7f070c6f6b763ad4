"""Light slots through the real programs: at their second, in time, one at a time, and again when they fail."""

import time

from tests.integration.scheduler.rig import Rig, light_job

from scheduledtask_workloads.contract import Reason, RetryPolicy, RunState
from scheduledtask_workloads.contract.messages import (
    CancelRun,
    ControlHello,
    JobPut,
    JobRemoved,
    RequestRun,
    SchedulerStatus,
    StopFiring,
    TaskHistory,
)

YEARLY = "0 0 0 1 1 *"


def test_a_light_slot_runs_at_its_second(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("pulse")])

    control.await_true(lambda: sum(record.state is RunState.SUCCEEDED for record in control.records("pulse")) >= 3)

    slots = {record.slot_epoch_seconds for record in control.records("pulse") if record.state is RunState.SUCCEEDED}
    skipped = sum(skip.count for skip in control.skipped("pulse"))
    assert len(slots) + skipped >= max(slots) - min(slots) + 1
    assert all(event["at"] >= event["slot"] for event in rig.bodies("pulse"))


def test_without_a_grant_nothing_starts(rig: Rig) -> None:
    control = rig.start()
    control.say(ControlHello(), JobPut(job=light_job("pulse")))

    control.await_true(lambda: sum(status.jobs == 1 for status in control.of(SchedulerStatus)) >= 3)

    assert not rig.begun("pulse")
    assert control.status().fence is None


def test_an_overlapping_slot_is_skipped_with_its_reason(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("long", "sleeps", arguments={"seconds": 2.5})])

    control.await_true(lambda: len(control.skipped("long")) >= 2)

    assert {skip.reason for skip in control.skipped("long")} == {Reason.OVERLAP}
    assert not rig.doubled("long")


def test_a_failure_is_retried_after_its_backoff_up_to_the_limit(rig: Rig) -> None:
    control = rig.start()
    retry = RetryPolicy(limit=1, backoff_seconds=0.2)
    control.hand_over([light_job("failing", "raises", every=YEARLY, retry=retry)])
    control.say(RequestRun(namespace="team", name="failing", run_id="asked"))

    control.await_true(lambda: any(record.state is RunState.FAILED for record in control.records("failing")))

    told = [record.state for record in control.records("failing") if record.state is not RunState.STARTED]
    assert told == [RunState.ADMITTED, RunState.WAITING, RunState.FAILED]
    assert len(rig.begun("failing")) == 2


def test_a_request_under_the_same_name_runs_once(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("asked-for", every=None), light_job("pulse")])
    request = RequestRun(namespace="team", name="asked-for", run_id="once")

    control.say(request, request)
    control.await_true(lambda: any(record.state.final for record in control.records("asked-for")))
    control.say(request)
    seen = len(rig.completed("pulse"))
    rig.await_true(lambda: len(rig.completed("pulse")) > seen + 1, "time goes on")

    assert rig.completed("asked-for") == ["once"]


def test_a_running_light_run_is_cancelled(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("endless", "hangs", every=None)])
    control.say(RequestRun(namespace="team", name="endless", run_id="run"))
    rig.await_true(lambda: rig.begun("endless"), "the body runs")

    control.say(CancelRun(namespace="team", name="endless", run_id="run"))

    control.await_true(lambda: [record.state for record in control.records("endless")][-1:] == [RunState.CANCELLED])


def test_after_stop_firing_no_slot_starts_and_what_runs_ends(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("pulse", "sleeps", arguments={"seconds": 0.6})])
    rig.await_true(lambda: rig.begun("pulse"), "the first slot")

    control.say(StopFiring())
    rig.await_true(lambda: len(rig.completed("pulse")) == len(rig.begun("pulse")), "what runs ends")
    begun = rig.begun("pulse")
    control.grant()
    told = len(control.heard)
    control.await_true(lambda: len(control.heard) > told + 3)

    assert rig.begun("pulse") == begun


def test_a_removed_job_fires_no_more(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("pulse"), light_job("goes")])
    rig.await_true(lambda: rig.completed("goes"), "it runs first")

    control.say(JobRemoved(namespace="team", name="goes"))
    control.await_true(lambda: control.status().jobs == 1)
    begun, seen = rig.begun("goes"), len(rig.completed("pulse"))
    rig.await_true(lambda: len(rig.completed("pulse")) > seen + 1, "the other goes on")

    assert rig.begun("goes") == begun


def test_a_suspended_job_fires_no_more_and_its_missed_slots_are_not_caught_up(rig: Rig) -> None:
    control = rig.start()
    job = light_job("pulse")
    control.hand_over([job])
    rig.await_true(lambda: rig.completed("pulse"), "it runs first")

    control.say(JobPut(job=job.model_copy(update={"suspended": True})))
    suspended_at = time.time()
    time_passes = light_job("clock")
    control.say(JobPut(job=time_passes))
    rig.await_true(lambda: len(rig.completed("clock")) >= 2, "two seconds pass")
    lifted_at = int(time.time())
    schedule = job.schedule.model_copy(update={"effective_from_epoch_seconds": lifted_at})
    control.say(JobPut(job=job.model_copy(update={"schedule": schedule})))
    rig.await_true(lambda: rig.bodies("pulse")[-1]["slot"] > lifted_at, "it runs again")

    slots = {event["slot"] for event in rig.bodies("pulse")}
    assert not {slot for slot in slots if suspended_at < slot <= lifted_at}
    assert {skip.reason for skip in control.skipped("pulse")} <= {Reason.OVERLAP}


def test_a_changed_schedule_counts_from_when_it_is_seen(rig: Rig) -> None:
    control = rig.start()
    job = light_job("job", every=YEARLY, effective_from=time.time())
    control.hand_over([job])

    changed_at = int(time.time())
    control.say(JobPut(job=light_job("job", effective_from=changed_at)))
    rig.await_true(lambda: len(rig.completed("job")) >= 2, "it runs by its new schedule")

    assert all(event["slot"] > changed_at for event in rig.bodies("job"))


def test_the_history_is_told_when_a_job_is_put(rig: Rig) -> None:
    control = rig.start()
    job = light_job("once", every=None)
    control.hand_over([job])
    control.say(RequestRun(namespace="team", name="once", run_id="first"))
    control.await_true(lambda: any(record.state.final for record in control.records("once")))

    again = rig.connect()
    again.hand_over([job])

    again.await_true(lambda: again.of(TaskHistory))
    assert [record.run_id for record in again.of(TaskHistory)[0].records] == ["first"]


def test_jobs_that_are_not_named_again_are_dropped(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("stays"), light_job("goes")])
    control.await_true(lambda: control.status().jobs == 2)

    control.hand_over([light_job("stays")])

    control.await_true(lambda: control.status().jobs == 1)
