"""The runners are killed: what they had is known to be lost at once, and runs again."""

import time

from tests.integration.scheduler.rig import Rig, light_job

from scheduledtask_workloads.contract import RetryPolicy, RunState

HOURLY = "0 0 * * * *"


def test_a_run_that_dies_with_the_runners_is_attempted_again(rig: Rig) -> None:
    rig.start_runners()
    control = rig.start_scheduler("--lease-seconds", "120")
    aged = time.time() - 3601
    control.hand_over([light_job("long", "sleeps", arguments={"seconds": 1.5}, every=HOURLY, effective_from=aged)])
    rig.await_true(lambda: rig.begun("long"), "it runs")

    rig.kill_runners()
    rig.start_runners()
    control.await_true(lambda: any(record.state is RunState.SUCCEEDED for record in control.records("long")))

    final = control.records("long")[-1]
    assert (final.attempts, final.losses) == (2, 1)
    assert len(rig.completed("long")) == 1


def test_a_run_lost_more_often_than_allowed_ends_lost(rig: Rig) -> None:
    rig.start_runners()
    control = rig.start_scheduler("--lease-seconds", "120")
    aged = time.time() - 3601
    retry = RetryPolicy(on_lost=0)
    control.hand_over([light_job("endless", "hangs", every=HOURLY, effective_from=aged, retry=retry)])
    rig.await_true(lambda: rig.begun("endless"), "it runs")

    rig.kill_runners()
    rig.start_runners()

    control.await_true(lambda: any(record.state is RunState.LOST for record in control.records("endless")))
    assert len(rig.begun("endless")) == 1


def test_slots_go_on_after_the_runners_were_killed(rig: Rig) -> None:
    control = rig.start()
    control.hand_over([light_job("pulse")])
    control.await_true(lambda: any(record.state is RunState.SUCCEEDED for record in control.records("pulse")))

    rig.kill_runners()  # not in the moment between a body's end and its record: a report there dies with them
    control.await_true(lambda: not control.status().runners_connected)
    rig.start_runners()
    seen = len(rig.completed("pulse"))
    rig.await_true(lambda: len(rig.completed("pulse")) >= seen + 3, "it goes on")

    assert len(set(rig.completed("pulse"))) == len(rig.completed("pulse"))
