"""The thread beside the main loop that watches over attempts: leases, limits, and messages that must stay ours.

A thread, since the main loop stands still while it connects to Redis anew.
"""

import logging
import threading
import time
from collections.abc import Callable

import redis
from celery.worker import state as celery_state

from scheduledtask_workloads.broker import PoolKeys
from scheduledtask_workloads.contract.heartbeat import HEARTBEAT_SECONDS
from scheduledtask_workloads.execution import cancelled, interrupted, kill_tree, memory_limit_exceeded, timed_out
from scheduledtask_workloads.ledger import LedgerUnreachable, WorkerLedger
from scheduledtask_workloads.worker.complaint import Complaint
from scheduledtask_workloads.worker.presence import Presence
from scheduledtask_workloads.worker.settings import WorkerSettings
from scheduledtask_workloads.worker.ward import Attempt, Ward

logger = logging.getLogger(__name__)

ROUND_SECONDS = 0.2
GRACE_SECONDS = 5.0  # from SIGTERM to SIGKILL, for a body that is cancelled or interrupted
PRESENCE_SECONDS = 1.0
REFRESHES_PER_TERM = 3  # of a lease or a visibility timeout: two may fail


class Every:
    """Due at once, then `seconds` after each success; after a failure in the next round."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due_at = 0.0

    def run(self, action: Callable[[], bool], now: float) -> None:
        if now >= self._due_at and action():
            self._due_at = now + self._seconds


class Warden:
    def __init__(
        self, settings: WorkerSettings, ledger: WorkerLedger, ward: Ward, presence: Presence, client: redis.Redis
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._ward = ward
        self._client = client
        self._index_key = PoolKeys(settings.namespace, settings.pool).unacked_index
        self._renewal = Every(settings.lease_seconds / REFRESHES_PER_TERM)
        self._refresh = Every(settings.visibility_timeout_seconds / REFRESHES_PER_TERM)
        self._presence = presence
        self._attendance = Every(PRESENCE_SECONDS)
        self._heartbeat = Every(HEARTBEAT_SECONDS)
        self._no_renewal, self._no_refresh = Complaint(logger), Complaint(logger)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep_watch, name="warden", daemon=True)
        self.interrupting = False  # set by a signal handler; nothing that locks may be called there

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _keep_watch(self) -> None:
        while not self._stopped.wait(ROUND_SECONDS):
            try:
                self._round(time.monotonic())
            except Exception:
                logger.exception("a round of the warden failed")

    def _round(self, now: float) -> None:
        for attempt in self._ward.attempts():
            self._judge(attempt, now)
            self._end(attempt)
        self._renewal.run(self._renew, now)
        self._refresh.run(self._keep_messages, now)
        self._attendance.run(self._presence.tell, now)
        self._heartbeat.run(self._beat_while_stopping, now)

    def _judge(self, attempt: Attempt, now: float) -> None:
        if self.interrupting:
            attempt.end_as(interrupted)
        if attempt.guard is None or attempt.report is not None:
            return
        attempt.output.bound()
        if attempt.guard.sample():
            attempt.end_as(memory_limit_exceeded)
        elif attempt.overdue(now):
            attempt.end_as(timed_out)

    def _end(self, attempt: Attempt) -> None:
        if attempt.ending is None or attempt.guard is None or attempt.killed or attempt.report is not None:
            return
        attempt.killed = True
        grace_seconds = GRACE_SECONDS if attempt.ending in {cancelled, interrupted} else 0.0
        threading.Thread(target=kill_tree, args=(attempt.guard.pid, grace_seconds), daemon=True).start()

    def _beat_while_stopping(self) -> bool:
        """The main loop waits for the last bodies then, and for nothing else."""
        file = self._settings.heartbeat_file
        if file is not None and celery_state.should_stop is not None:
            file.touch()
        return True

    def _renew(self) -> bool:
        attempts = self._ward.attempts()
        try:
            stop = self._ledger.renew([attempt.order.ref for attempt in attempts], self._settings.lease_seconds)
        except LedgerUnreachable as error:
            self._no_renewal.say(f"cannot renew leases: {error}", time.monotonic())
            return False
        self._no_renewal.is_over()
        for attempt in attempts:
            if attempt.order.ref.attempt_id in stop:
                attempt.end_as(cancelled)  # or superseded: then the ledger takes no report of it
        return True

    def _keep_messages(self) -> bool:
        """Make Celery's redelivery wait: only of messages that are still unacknowledged."""
        tags = self._ward.delivery_tags()
        try:
            if tags:
                self._client.zadd(self._index_key, dict.fromkeys(tags, time.time()), xx=True)
        except redis.RedisError as error:
            self._no_refresh.say(f"cannot keep messages from being delivered again: {error}", time.monotonic())
            return False
        self._no_refresh.is_over()
        return True
