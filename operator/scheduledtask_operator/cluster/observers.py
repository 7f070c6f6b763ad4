"""One Observer, or one StatusSink, that is many. What fails in one of them stops neither the others nor the loop."""

import logging
from collections.abc import Callable, Sequence

from scheduledtask_operator.control.ports import Observer, PoolKey, StatusSink
from scheduledtask_operator.control.status import Condition, TaskStatus
from scheduledtask_operator.decisions.scaling import ScaleDecision
from scheduledtask_workloads.contract import RunRecord, TaskKey
from scheduledtask_workloads.contract.messages import SchedulerToControl, SlotsSkipped

logger = logging.getLogger(__name__)


class Observers:
    """`ears` hear what the scheduler says, and nothing else."""

    def __init__(
        self, observers: Sequence[Observer], ears: Sequence[Callable[[SchedulerToControl], None]] = ()
    ) -> None:
        self._observers = observers
        self._ears = ears

    def run_changed(self, record: RunRecord) -> None:
        for each in self._observers:
            _safely(each.run_changed, record)

    def history_read(self, record: RunRecord) -> None:
        for each in self._observers:
            _safely(each.history_read, record)

    def slots_skipped(self, skipped: SlotsSkipped) -> None:
        for each in self._observers:
            _safely(each.slots_skipped, skipped)

    def pool_scaled(self, pool: PoolKey, before: int, decision: ScaleDecision) -> None:
        for each in self._observers:
            _safely(each.pool_scaled, pool, before, decision)

    def condition_changed(self, key: TaskKey, condition: Condition) -> None:
        for each in self._observers:
            _safely(each.condition_changed, key, condition)

    def scheduler_connected(self, connected: bool) -> None:
        for each in self._observers:
            _safely(each.scheduler_connected, connected)

    def scheduler_said(self, message: SchedulerToControl) -> None:
        for hear in self._ears:
            _safely(hear, message)
        for each in self._observers:
            _safely(each.scheduler_said, message)


class StatusSinks:
    def __init__(self, sinks: Sequence[StatusSink]) -> None:
        self._sinks = sinks

    def write(self, key: TaskKey, status: TaskStatus) -> None:
        for each in self._sinks:
            each.write(key, status)

    def forget(self, key: TaskKey) -> None:
        for each in self._sinks:
            each.forget(key)


def _safely(function: Callable[..., None], *arguments: object) -> None:
    try:
        function(*arguments)
    except Exception:
        logger.exception("what happened could not be noted")
