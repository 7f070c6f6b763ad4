"""Celery's consumer, with a heartbeat file and a patience of its own."""

import logging
import time
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.worker import state as celery_state
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

from scheduledtask_workloads.worker.complaint import Complaint
from scheduledtask_workloads.worker.credit import Credit
from scheduledtask_workloads.worker.desk import Desk
from scheduledtask_workloads.worker.intake import Intake
from scheduledtask_workloads.worker.presence import Presence

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
RECONNECT_SECONDS = (0.2, 0.2, 1.0)  # the first pause, how much it grows by, its most; kombu's own goes to 30 s


class PatientConsumer(Consumer):  # type: ignore[misc]  # celery has no types
    """Connects again for as long as it takes, and looks alive meanwhile: Redis being away is no reason to kill us."""

    heartbeat_file: Path | None = None
    _no_connection = Complaint(logger)

    def ensure_connected(self, conn: Any) -> Any:
        first, step, most = RECONNECT_SECONDS
        conn = conn.ensure_connection(
            self._log_failure,
            max_retries=None,
            interval_start=first,
            interval_step=step,
            interval_max=most,
            callback=self._while_waiting,
        )
        self.first_connection_attempt = False
        self._no_connection.is_over()
        return conn

    def beat(self) -> None:
        if self.heartbeat_file is not None:
            self.heartbeat_file.touch()

    def _while_waiting(self) -> None:
        self.beat()
        maybe_shutdown()

    def _log_failure(self, error: Exception, _pause_seconds: float) -> None:
        self._no_connection.say(f"no connection to Redis: {error}; tried again each second", time.monotonic())


class Tick(bootsteps.StartStopStep):  # type: ignore[misc]
    """The main loop's second hand. Celery cancels it with each lost connection."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(
        self,
        consumer: PatientConsumer,
        desk: Desk,
        presence: Presence,
        heartbeat_file: Path | None,
        **options: Any,
    ) -> None:
        super().__init__(consumer, **options)
        self._desk = desk
        self._intake = Intake(consumer, desk.pool_name, presence)
        self._consumer = consumer
        consumer.heartbeat_file = heartbeat_file

    def start(self, consumer: PatientConsumer) -> None:
        self._desk.pool = consumer.pool
        self._consumer.beat()
        self._desk.tick()
        consumer.timer.call_repeatedly(TICK_SECONDS, self._tick, (Credit(consumer),))

    def _tick(self, credit: Credit) -> None:
        self._consumer.beat()
        self._desk.tick()
        self._intake.adjust()
        if celery_state.should_stop is None:
            credit.check()
