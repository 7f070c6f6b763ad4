"""SIGTERM asks a body to stop.

A body that took the run context is trusted to look at `cancelled()`; any other is interrupted where it is.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from scheduledtask_workloads.catalog import Cancellation


class BodyCancelled(BaseException):
    """Raised out of a body that does not take the run context."""


class Interruption:
    """What happens to a body that does not look itself: a coroutine is cancelled, a function left by exception."""

    def __init__(self) -> None:
        self._cancel_coroutine: Callable[[], object] | None = None

    async def interruptible(self, coroutine: Coroutine[Any, Any, object]) -> object:
        """Await it in such a way that `interrupt` cancels it."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        self._cancel_coroutine = lambda: task and loop.call_soon_threadsafe(task.cancel)
        return await coroutine

    def interrupt(self) -> None:
        if self._cancel_coroutine is None:
            raise BodyCancelled
        self._cancel_coroutine()


@contextmanager
def cancelled_by_sigterm(cancellation: Cancellation, interruption: Interruption | None) -> Iterator[None]:
    """SIGTERM sets `cancellation.requested` and interrupts the body, unless that is trusted to look itself: None."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's; here the host ends the whole process
        return
    owner_pid = os.getpid()

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner_pid:
            _die_of(number)
        cancellation.requested = True
        if interruption:
            interruption.interrupt()

    before = signal.signal(signal.SIGTERM, on_sigterm)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before if before is not None else signal.SIG_DFL)


def _die_of(number: int) -> None:
    # A process that the body forked inherited the handler; multiprocessing's terminate() must still end it.
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
