"""Keys that wait for work: each once, never two workers on one, later after each failure."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

FIRST_BACKOFF_SECONDS = 0.05  # a passing failure is over by then
LONGEST_BACKOFF_SECONDS = 30.0  # what people wait for after they repaired the cause
Measured = Callable[[str, float, float], None]
"""Told of each reconcile: `success` or `error`, the seconds that its key waited, and its own."""

logger = logging.getLogger(__name__)


class KeyedQueue(Generic[Key]):
    """For one event loop. A key added while it is worked on is worked on once more afterwards."""

    def __init__(self, measured: Measured | None = None) -> None:
        self._measured = measured
        self.adds = self.retries = 0
        """Since the start: keys that came to wait, and those of them that came again after a failure."""
        self._waiting: asyncio.Queue[Key] = asyncio.Queue()
        self._dirty: dict[Key, float] = {}
        self._working: dict[Key, float] = {}
        """Since when, on the monotonic clock."""
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._settled = asyncio.Event()

    @property
    def depth(self) -> int:
        """How many keys wait."""
        return len(self._dirty)

    @property
    def working_seconds(self) -> list[float]:
        """Of each reconcile under way, how long it has taken."""
        now = time.monotonic()
        return [now - began for began in self._working.values()]

    def add(self, key: Key) -> None:
        self._cancel_timer(key)
        if key in self._dirty:
            return
        self.adds += 1
        self._dirty[key] = time.monotonic()
        self._settled.clear()
        if key not in self._working:
            self._waiting.put_nowait(key)

    def add_after(self, key: Key, delay_seconds: float) -> None:
        """The earlier of this and what was asked for before."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None and timer.when() <= loop.time() + delay_seconds:
            return
        self._cancel_timer(key)
        self._timers[key] = loop.call_later(delay_seconds, self.add, key)

    async def work(self, reconcile: Callable[[Key], Awaitable[float | None]]) -> None:
        """Reconcile keys until cancelled; `reconcile` returns the seconds until it wants to look again, or None."""
        while True:
            key, waited_seconds = await self._take()
            began, result = time.monotonic(), "success"
            try:
                again_seconds = await reconcile(key)
            except Exception as error:  # noqa: BLE001 - whatever it was, the key is tried again and others go on
                again_seconds, result = self._back_off(key, error), "error"
            else:
                self._failures.pop(key, None)
            finally:
                self._done(key)
            if self._measured is not None:
                self._measured(result, waited_seconds, time.monotonic() - began)
            if again_seconds is not None and key not in self._dirty:
                self.add_after(key, again_seconds)

    async def settled(self) -> None:
        """Until nothing waits and nothing is worked on; keys that come later, after a delay, do not count."""
        if self._dirty or self._working:
            await self._settled.wait()

    async def _take(self) -> tuple[Key, float]:
        key, now = await self._waiting.get(), time.monotonic()
        self._working[key] = now
        return key, now - self._dirty.pop(key, now)

    def _done(self, key: Key) -> None:
        self._working.pop(key, None)
        if key in self._dirty:
            self._waiting.put_nowait(key)
        if not (self._dirty or self._working):
            self._settled.set()

    def _back_off(self, key: Key, error: Exception) -> float:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.retries += 1
        delay_seconds = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(failures, 20), LONGEST_BACKOFF_SECONDS)
        logger.error("reconcile of %s failed, again in %.2f s: %r", key, delay_seconds, error, exc_info=error)
        return delay_seconds

    def _cancel_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
