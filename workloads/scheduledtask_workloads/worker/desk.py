"""The main loop's part: each message is entered in the ledger, performed, reported and acknowledged, in this order.

All of it runs in the main thread, or in Celery's timer thread while the pool drains; a lock keeps the two apart.
"""

import logging
import os
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery.worker import state as celery_state

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, RunOrder, RunState
from scheduledtask_workloads.execution import (
    CapturedOutput,
    exited_by,
    interrupted,
    larger_peak_bytes,
    masker_of_environment,
    timed_out,
)
from scheduledtask_workloads.ledger import EntryVerdict, LedgerUnreachable, WorkerLedger
from scheduledtask_workloads.worker.body_process import perform
from scheduledtask_workloads.worker.pool import BodyPool, exit_code_of
from scheduledtask_workloads.worker.settings import WorkerSettings
from scheduledtask_workloads.worker.ward import Attempt, Ward

if TYPE_CHECKING:
    from scheduledtask_workloads.worker.request import HeavyRequest

logger = logging.getLogger(__name__)

BUSY_SECONDS = 0.2  # until a message that finds every process busy is looked at again, after a reconnection
EPOCH_SECONDS = 0.5
UNREACHABLE_SECONDS = 1.0
LAPSED_SECONDS = 0.1  # past the end of another host's lease
DRAIN_SECONDS = 60.0  # a result is worth waiting for Redis that long after we were told to stop


class Desk:
    def __init__(self, settings: WorkerSettings, ledger: WorkerLedger, ward: Ward, output_folder: Path) -> None:
        self._settings = settings
        self._ledger = ledger
        self._ward = ward
        self._output_folder = output_folder
        self._masker = masker_of_environment(os.environ)
        self._lock = threading.RLock()
        self.pool: BodyPool | None = None

    @property
    def pool_name(self) -> str:
        return self._settings.pool

    def receive(self, request: "HeavyRequest") -> None:
        """Decide what becomes of a message; one that must wait comes here again."""
        with self._lock:
            if request.outdated or celery_state.should_stop is not None:
                self._ward.release(request)  # back to the queue with its channel, or by the visibility timeout
                return
            self._ward.hold(request)
            self._place(request)

    def tick(self) -> None:
        """Each second: what could not be written down, and bodies whose process never came up."""
        with self._lock:
            for attempt in self._ward.attempts():
                if attempt.report is not None:
                    if not self._write_down(attempt, attempt.report):
                        return  # the next would wait as long for Redis, and the main loop with it
                elif attempt.guard is None and attempt.overdue(time.monotonic()):
                    self._settle(attempt, timed_out(attempt.order, attempt.observed(time.time())))

    def drain(self) -> None:
        """After the pool has stopped: report what is not reported yet, for a minute at most."""
        for attempt in self._ward.attempts():
            if attempt.report is None:
                self._settle(attempt, interrupted(attempt.order, attempt.observed(time.time())))
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._ward.attempts() and time.monotonic() < deadline:
            time.sleep(BUSY_SECONDS)
            self.tick()
        for attempt in self._ward.attempts():
            logger.error("a result was not written down: Redis did not answer", extra=log_fields(attempt.order.ref))

    def _place(self, request: "HeavyRequest") -> None:
        current = self._ward.find(request.order.ref)
        if current is not None and request.order.ref.attempt <= current.order.ref.attempt:
            current.deliveries.append(request)  # delivered again after a reconnection: it ends with its body
        elif current is not None or len(self._ward.attempts()) >= self._settings.concurrency:
            request.again_in(BUSY_SECONDS, self.receive)
        else:
            self._enter(request)

    def _enter(self, request: "HeavyRequest") -> None:
        ref = request.order.ref
        try:
            entry = self._ledger.enter(ref, self._settings.host, self._settings.lease_seconds)
        except LedgerUnreachable as error:
            logger.warning("cannot enter: %s", error, extra=log_fields(ref))
            request.again_in(UNREACHABLE_SECONDS, self.receive)
            return
        match entry.verdict:
            case EntryVerdict.ENTERED:
                self._start(request.order.model_copy(update={"ref": entry.ref}), request)
            case EntryVerdict.EPOCH_MISSING:
                logger.info("waits until the ledger was compared with the leader's memory", extra=log_fields(ref))
                request.again_in(EPOCH_SECONDS, self.receive)
            case EntryVerdict.HELD:
                logger.info("another delivery holds the lease", extra=log_fields(ref))
                held_seconds = min(entry.held_for_seconds or 0.0, self._settings.lease_seconds)
                request.again_in(held_seconds + LAPSED_SECONDS, self._put_back)
            case EntryVerdict.STALE | EntryVerdict.CANCELLED:
                logger.info("message dropped: %s", entry.verdict.value, extra=log_fields(ref))
                self._acknowledge(request)

    def _put_back(self, request: "HeavyRequest") -> None:
        """Another worker had it: after others had their turn, the lease has lapsed or the run is over."""
        self._ward.release(request)
        if not request.outdated:
            request.put_back()

    def _start(self, order: RunOrder, request: "HeavyRequest") -> None:
        output = CapturedOutput(self._output_folder / f"{order.ref.name}.{order.ref.attempt_id}.out", self._masker)
        attempt = Attempt(order, output, [request], limit_counts_from=time.monotonic())
        self._ward.admit(attempt)
        logger.info("entered", extra=log_fields(order.ref))
        self._body_pool.apply_async(
            perform,
            (order.model_dump_json(), str(output.path)),
            accept_callback=partial(self._accepted, attempt),
            callback=partial(self._answered, attempt),
            error_callback=partial(self._died, attempt),
            correlation_id=order.ref.attempt_id,
        )

    @property
    def _body_pool(self) -> BodyPool:
        if self.pool is None:
            raise RuntimeError("a message came before the pool had been started")
        return self.pool

    def _accepted(self, attempt: Attempt, pid: int, _accepted_at: float) -> None:
        attempt.begin(pid, time.time(), time.monotonic())

    def _answered(self, attempt: Attempt, report_json: str) -> None:
        with self._lock:
            self._settle(attempt, AttemptReport.model_validate_json(report_json))

    def _died(self, attempt: Attempt, failure: Any) -> None:
        with self._lock:
            if self._ward.find(attempt.order.ref) is attempt and attempt.report is None:
                observed = attempt.observed(time.time())
                self._settle(attempt, exited_by(attempt.order, observed, exit_code_of(failure)))

    def _settle(self, attempt: Attempt, report: AttemptReport) -> None:
        if attempt.ending is not None and report.state is not RunState.SUCCEEDED:
            report = attempt.ending(attempt.order, attempt.observed(time.time()))
        peak_bytes = larger_peak_bytes(report.peak_memory_bytes, attempt.guard.peak_bytes if attempt.guard else 0)
        report = report.model_copy(update={"peak_memory_bytes": peak_bytes, "host": self._settings.host})
        attempt.report = report  # from here on, the tick brings it to the ledger if we do not
        logger.info("ended: %s", report.state.value, extra={**log_fields(report.ref), "reason": report.reason.value})
        if attempt.guard is not None:
            self._body_pool.bury(attempt.guard.pid)
        self._write_down(attempt, report)

    def _write_down(self, attempt: Attempt, report: AttemptReport) -> bool:
        """False when Redis did not answer."""
        try:
            self._ledger.finish(report)
        except LedgerUnreachable as error:
            logger.warning("cannot report yet: %s", error, extra=log_fields(attempt.order.ref))
            return False
        self._ward.discharge(attempt)
        attempt.output.remove()
        for delivery in attempt.deliveries:
            self._acknowledge(delivery)
        return True

    def _acknowledge(self, delivery: Any) -> None:
        self._ward.release(delivery)
        delivery.acknowledge()


def log_fields(ref: AttemptRef) -> dict[str, Any]:
    return {"namespace": ref.namespace, "task": ref.name, "run_id": ref.run_id, "attempt": ref.attempt}
