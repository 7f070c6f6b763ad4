"""Light slots through the real programs: at their second, in time, one at a time, and again when they fail."""

import time
from collections.abc import Iterator

import pytest
from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.scheduler.rig import Rig, light_job
from tests.redis_server import running_server

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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One scheduler and its runners for all that need no fresh one; its tests use different names of jobs."""
    folder = tmp_path_factory.mktemp("shared")
    with running_server(folder / "redis") as server, Rig(folder, server.url) as rig:
        rig.start()
        yield rig


@pytest.fixture
def control(shared: Rig) -> Iterator[ControlPlane]:
    """A control plane of the test's own: what it hands over replaces the jobs of the one before."""
    control = shared.connect()
    yield control
    control.close()


def test_a_light_slot_runs_at_its_second(shared: Rig, control: ControlPlane) -> None:
    control.hand_over([light_job("pulse")])

    control.await_true(lambda: sum(record.state is RunState.SUCCEEDED for record in control.records("pulse")) >= 3)

    slots = {record.slot_epoch_seconds for record in control.records("pulse") if record.state is RunState.SUCCEEDED}
    skipped = sum(skip.count for skip in control.skipped("pulse"))
    assert len(slots) + skipped >= max(slots) - min(slots) + 1
    assert all(event["at"] >= event["slot"] for event in shared.bodies("pulse"))


def test_without_a_grant_nothing_starts(rig: Rig) -> None:
    control = rig.start()
    control.say(ControlHello(), JobPut(job=light_job("pulse")))

    control.await_true(lambda: sum(status.jobs == 1 for status in control.of(SchedulerStatus)) >= 3)

    assert not rig.begun("pulse")
    assert control.status().fence is None


def test_an_overlapping_slot_is_skipped_with_its_reason(shared: Rig, control: ControlPlane) -> None:
    control.hand_over([light_job("long", "sleeps", arguments={"seconds": 2.5})])

    control.await_true(lambda: len(control.skipped("long")) >= 2)

    assert {skip.reason for skip in control.skipped("long")} == {Reason.OVERLAP}
    assert not shared.doubled("long")


def test_a_failure_is_retried_after_its_backoff_up_to_the_limit(rig: Rig) -> None:
    control = rig.start()
    retry = RetryPolicy(limit=1, backoff_seconds=0.2)
    control.hand_over([light_job("failing", "raises", every=YEARLY, retry=retry)])
    control.say(RequestRun(namespace="team", name="failing", run_id="asked"))

    control.await_true(lambda: any(record.state is RunState.FAILED for record in control.records("failing")))

    told = [record.state for record in control.records("failing") if record.state is not RunState.STARTED]
    assert told == [RunState.ADMITTED, RunState.WAITING, RunState.FAILED]
    assert len(rig.begun("failing")) == 2


def test_a_request_under_the_same_name_runs_once(shared: Rig, control: ControlPlane) -> None:
    control.hand_over([light_job("asked-for", every=None), light_job("beside")])
    request = RequestRun(namespace="team", name="asked-for", run_id="once")

    control.say(request, request)
    control.await_true(lambda: any(record.state.final for record in control.records("asked-for")))
    control.say(request)
    seen = len(shared.completed("beside"))
    shared.await_true(lambda: len(shared.completed("beside")) > seen + 1, "time goes on")

    assert shared.completed("asked-for") == ["once"]


def test_a_running_light_run_is_cancelled(shared: Rig, control: ControlPlane) -> None:
    control.hand_over([light_job("endless", "hangs", every=None)])
    control.say(RequestRun(namespace="team", name="endless", run_id="run"))
    shared.await_true(lambda: shared.begun("endless"), "the body runs")

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


def test_a_removed_job_fires_no_more(shared: Rig, control: ControlPlane) -> None:
    control.hand_over([light_job("remains"), light_job("removed")])
    shared.await_true(lambda: shared.completed("removed"), "it runs first")

    control.say(JobRemoved(namespace="team", name="removed"))
    control.await_true(lambda: control.status().jobs == 1)
    begun, seen = shared.begun("removed"), len(shared.completed("remains"))
    shared.await_true(lambda: len(shared.completed("remains")) > seen + 1, "the other goes on")

    assert shared.begun("removed") == begun


def test_a_suspended_job_fires_no_more_and_its_missed_slots_are_not_caught_up(
    shared: Rig, control: ControlPlane
) -> None:
    job = light_job("suspended")
    control.hand_over([job])
    shared.await_true(lambda: shared.completed("suspended"), "it runs first")

    control.say(JobPut(job=job.model_copy(update={"suspended": True})))
    suspended_at = time.time()
    time_passes = light_job("clock")
    control.say(JobPut(job=time_passes))
    shared.await_true(lambda: len(shared.completed("clock")) >= 2, "two seconds pass")
    lifted_at = int(time.time())
    schedule = job.schedule.model_copy(update={"effective_from_epoch_seconds": lifted_at})
    control.say(JobPut(job=job.model_copy(update={"schedule": schedule})))
    shared.await_true(lambda: shared.bodies("suspended")[-1]["slot"] > lifted_at, "it runs again")

    slots = {event["slot"] for event in shared.bodies("suspended")}
    assert not {slot for slot in slots if suspended_at < slot <= lifted_at}
    assert {skip.reason for skip in control.skipped("suspended")} <= {Reason.OVERLAP}


def test_a_changed_schedule_counts_from_when_it_is_seen(shared: Rig, control: ControlPlane) -> None:
    job = light_job("changed", every=YEARLY, effective_from=time.time())
    control.hand_over([job])

    changed_at = int(time.time())
    control.say(JobPut(job=light_job("changed", effective_from=changed_at)))
    shared.await_true(lambda: len(shared.completed("changed")) >= 2, "it runs by its new schedule")

    assert all(event["slot"] > changed_at for event in shared.bodies("changed"))


def test_the_history_is_told_when_a_job_is_put(shared: Rig, control: ControlPlane) -> None:
    job = light_job("once", every=None)
    control.hand_over([job])
    control.say(RequestRun(namespace="team", name="once", run_id="first"))
    control.await_true(lambda: any(record.state.final for record in control.records("once")))

    again = shared.connect()
    again.hand_over([job])

    again.await_true(lambda: again.of(TaskHistory))
    assert [record.run_id for record in again.of(TaskHistory)[0].records] == ["first"]


def test_jobs_that_are_not_named_again_are_dropped(control: ControlPlane) -> None:
    control.hand_over([light_job("stays"), light_job("goes")])
    control.await_true(lambda: control.status().jobs == 2)

    control.hand_over([light_job("stays")])

    control.await_true(lambda: control.status().jobs == 1)
