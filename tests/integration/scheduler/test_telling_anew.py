"""A control plane that connects, or takes over, is told every run in flight and every history."""

from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.scheduler.rig import Rig, heavy_job, light_job

from scheduledtask_workloads.contract import RunState
from scheduledtask_workloads.contract.messages import (
    ControlHello,
    GrantAcknowledged,
    JobPut,
    JobRemoved,
    JobsComplete,
    RequestRun,
    TaskHistory,
)

ENDLESS = light_job("endless", "hangs", every=None)
QUEUED = heavy_job("queued", every=None)
DONE = light_job("done", every=None)


def start_some(rig: Rig) -> ControlPlane:
    """One light run goes on, one heavy run waits for a worker, one light run is over."""
    control = rig.start()
    control.hand_over([ENDLESS, QUEUED, DONE])
    control.say(*(RequestRun(namespace="team", name=job.name, run_id="run") for job in (ENDLESS, QUEUED, DONE)))
    control.await_true(lambda: RunState.STARTED in states(control, "endless"))
    control.await_true(lambda: RunState.SUCCEEDED in states(control, "done"))
    return control


def states(control: ControlPlane, name: str) -> list[RunState]:
    return [record.state for record in control.records(name)]


def histories(control: ControlPlane) -> dict[str, list[str]]:
    return {told.name: [record.run_id for record in told.records] for told in control.of(TaskHistory)}


def test_a_control_plane_that_comes_again_is_told_what_is_in_flight(rig: Rig) -> None:
    start_some(rig).close()

    again = rig.connect()
    again.say(ControlHello(), *(JobPut(job=job) for job in (ENDLESS, QUEUED, DONE)), JobsComplete())

    again.await_true(lambda: states(again, "endless") and states(again, "queued") and len(histories(again)) == 3)
    assert states(again, "endless") == [RunState.STARTED]
    assert states(again, "queued") == [RunState.DISPATCHED]
    assert histories(again) == {"endless": [], "queued": [], "done": ["run"]}


def test_after_a_restart_of_the_scheduler_everything_is_told_too(rig: Rig) -> None:
    start_some(rig)
    rig.kill_scheduler()

    again = rig.start_scheduler()
    again.hand_over([ENDLESS, QUEUED, DONE])

    again.await_true(lambda: states(again, "endless") and states(again, "queued") and len(histories(again)) == 3)
    assert histories(again)["done"] == ["run"]


def test_under_another_leaders_number_everything_is_told_anew(rig: Rig) -> None:
    control = start_some(rig)
    control.await_true(lambda: len(control.of(GrantAcknowledged)) == 1)
    told = {name: len(states(control, name)) for name in ("endless", "queued")}
    heard = len(control.of(TaskHistory))

    control.grant(fence=2)

    control.await_true(lambda: all(len(states(control, name)) > count for name, count in told.items()))
    control.await_true(lambda: len(control.of(TaskHistory)) >= heard + 3)
    assert states(control, "endless")[-1] is RunState.STARTED


def test_a_job_that_is_put_later_tells_its_own_runs_and_history(rig: Rig) -> None:
    control = start_some(rig)
    control.say(JobRemoved(namespace="team", name="endless"))
    control.await_true(lambda: control.status().jobs == 2)
    told, heard = len(states(control, "endless")), len(control.of(TaskHistory))

    control.say(JobPut(job=ENDLESS))

    control.await_true(lambda: len(states(control, "endless")) > told)
    control.await_true(lambda: len(control.of(TaskHistory)) > heard)
    assert [history.name for history in control.of(TaskHistory)[heard:]] == ["endless"]


def test_many_runs_in_flight_are_all_told(rig: Rig) -> None:
    control = rig.start_scheduler()
    jobs = [light_job(f"job-{number:04}", every=None) for number in range(1200)]
    control.hand_over(jobs)
    control.say(*(RequestRun(namespace="team", name=job.name, run_id="run") for job in jobs))
    control.await_true(lambda: all(states(control, job.name) for job in jobs))
    control.close()

    again = rig.connect()
    again.say(ControlHello(), *(JobPut(job=job) for job in jobs), JobsComplete())

    again.await_true(lambda: all(states(again, job.name) for job in jobs))
    again.await_true(lambda: len(histories(again)) == len(jobs))
