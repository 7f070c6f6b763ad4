"""A slot of many tasks is admitted in slices, all of them before the first is handed over; each still runs once."""

from tests.integration.scheduler.rig import Rig, light_job

TASKS = [f"pulse-{number}" for number in range(9)]


def test_each_of_many_slices_runs_once(rig: Rig) -> None:
    rig.start_runners()
    control = rig.start_scheduler("--slice-size", "2")
    control.await_true(lambda: control.status().runners_connected)
    control.hand_over([light_job(name, every="*/2 * * * * *") for name in TASKS])

    rig.await_true(lambda: all(len(rig.completed(name)) >= 2 for name in TASKS), "two runs of each")

    assert not [name for name in TASKS if rig.doubled(name)]
