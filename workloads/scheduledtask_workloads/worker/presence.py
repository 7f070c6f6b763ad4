"""What the leader is told of this worker each second, and what it asks of it."""

import logging

from celery.worker import state as celery_state

from scheduledtask_workloads.ledger import LedgerUnreachable, WorkerLedger
from scheduledtask_workloads.worker.settings import WorkerSettings
from scheduledtask_workloads.worker.ward import Ward

logger = logging.getLogger(__name__)


class Presence:
    """Told by the warden's thread, which the main loop can't hold up; `closed` is the main loop's to set."""

    def __init__(self, settings: WorkerSettings, ledger: WorkerLedger, ward: Ward) -> None:
        self._settings = settings
        self._ledger = ledger
        self._ward = ward
        self.closed: bool | None = None
        """No message can come in. None: the worker is not ready yet, and nothing is told."""
        self.asked_to_drain = False

    def tell(self) -> bool:
        """False when Redis did not answer."""
        closed = self.closed  # before the runs are counted: while it is closed, their number only falls
        if closed is None:
            return True
        settings, draining = self._settings, closed or celery_state.should_stop is not None
        try:
            self.asked_to_drain = self._ledger.attend(
                settings.namespace, settings.pool, settings.name, self._ward.runs(), draining=draining
            )
        except LedgerUnreachable:
            return False
        return True

    def leave(self) -> None:
        """Gone at once, not when nothing was heard for a while."""
        if self.closed is None:
            return
        try:
            self._ledger.leave(self._settings.namespace, self._settings.pool, self._settings.name)
        except LedgerUnreachable as error:
            logger.warning("could not say that this worker is gone: %s", error)
