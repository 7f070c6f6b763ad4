"""The attempts that are in this worker's hands, and the messages that brought them.

Written by the main loop, read by the warden's thread.
"""

import threading
from dataclasses import dataclass, field
from typing import Protocol

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, RunOrder
from scheduledtask_workloads.execution import CapturedOutput, HostReport, MemoryGuard, Observed


class Delivery(Protocol):
    """A message as it lies with this worker: unacknowledged until one of the two is called."""

    @property
    def delivery_tag(self) -> str: ...

    def acknowledge(self) -> None: ...


@dataclass(slots=True, eq=False)
class Attempt:
    """An attempt that the ledger let us enter.

    `limit_counts_from` is of the monotonic clock: when it was entered, then when its process took it.
    """

    order: RunOrder
    output: CapturedOutput
    deliveries: list[Delivery]
    limit_counts_from: float
    started_at: float | None = None
    guard: MemoryGuard | None = None
    ending: HostReport | None = None
    killed: bool = False
    report: AttemptReport | None = None

    def begin(self, pid: int, now: float, now_monotonic: float) -> None:
        """The body's process took it."""
        self.started_at, self.limit_counts_from = now, now_monotonic
        self.guard = MemoryGuard(pid, self.order.memory_limit_bytes)

    def end_as(self, verdict: HostReport) -> None:
        """The first reason stands."""
        self.ending = self.ending or verdict

    def overdue(self, now_monotonic: float) -> bool:
        return now_monotonic - self.limit_counts_from >= self.order.timeout_seconds

    def observed(self, now: float) -> Observed:
        peak_bytes = self.guard.peak_bytes if self.guard else 0
        return Observed(now, self.started_at, peak_bytes or None, self.output.tail())


@dataclass(slots=True)
class Ward:
    """Attempts by run, and every delivery that must be kept from being delivered again."""

    _attempts: dict[tuple[str, str], Attempt] = field(default_factory=dict)
    _deliveries: dict[int, Delivery] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(self, delivery: Delivery) -> None:
        with self._lock:
            self._deliveries[id(delivery)] = delivery

    def release(self, delivery: Delivery) -> None:
        with self._lock:
            self._deliveries.pop(id(delivery), None)

    def delivery_tags(self) -> list[str]:
        with self._lock:
            return [delivery.delivery_tag for delivery in self._deliveries.values()]

    def runs(self) -> int:
        """How many are in this worker's hands: entered, or waiting to be."""
        with self._lock:
            entered = {id(delivery) for attempt in self._attempts.values() for delivery in attempt.deliveries}
            return len(self._attempts) + len(self._deliveries.keys() - entered)

    def admit(self, attempt: Attempt) -> None:
        with self._lock:
            self._attempts[_run(attempt.order.ref)] = attempt

    def discharge(self, attempt: Attempt) -> None:
        with self._lock:
            self._attempts.pop(_run(attempt.order.ref), None)

    def find(self, ref: AttemptRef) -> Attempt | None:
        """The attempt of the same run, whichever attempt `ref` names."""
        with self._lock:
            return self._attempts.get(_run(ref))

    def attempts(self) -> list[Attempt]:
        with self._lock:
            return list(self._attempts.values())


def _run(ref: AttemptRef) -> tuple[str, str]:
    return ref.name, ref.run_id
