"""The run whose end asked for another one, as that one's body may know it."""

from typing import Any

from scheduledtask_workloads.contract.model import Message


class TriggeredBy(Message):
    """What stays of the earlier run. Times are Unix seconds.

    `outcome` is its final state, `artifacts_url` the folder of its files, empty where it had none. `result` is left out
    where it is large. `depth` counts the triggers that led here: 1 when the earlier run was not triggered itself.
    """

    scheduled_task: str
    run_id: str
    outcome: str
    reason: str = ""
    message: str = ""
    result: Any = None
    attempts: int = 0
    slot_epoch_seconds: int | None = None
    started_at: float | None = None
    ended_at: float | None = None
    artifacts_url: str = ""
    depth: int = 1
