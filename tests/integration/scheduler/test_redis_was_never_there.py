"""A Redis that never answered is not called reachable, not even at first."""

from pathlib import Path

from tests.integration.scheduler.rig import Rig, light_job

from scheduledtask_workloads.contract.messages import SchedulerStatus

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def test_no_status_says_that_it_is_reachable(tmp_path: Path) -> None:
    with Rig(tmp_path, NOBODY_LISTENS) as rig:
        control = rig.start()
        control.hand_over([light_job("pulse")])
        control.await_true(lambda: sum(status.fence is not None for status in control.of(SchedulerStatus)) >= 3)

        assert not [status for status in control.of(SchedulerStatus) if status.redis_reachable]
