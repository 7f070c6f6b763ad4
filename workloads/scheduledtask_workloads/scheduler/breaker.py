"""Keeps a hung or absent Redis from holding up the slots: a short time limit, then no call at all until it answers.

The circuit breakers on PyPI let a real call through now and then to see whether all is well again; here that would be
a slot, which would wait for its time limit. So a probe of our own looks, and no slot ever waits twice.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from scheduledtask_workloads.ledger import LedgerUnreachable

PROBE_SECONDS = 0.2
"""Between two looks at an absent server: what a recovery may cost in delay."""

BACKGROUND_SECONDS = 2.0
"""What may take a moment and holds up no slot: big batches, the sweep."""

LOOKS = 4
"""The parts in which a time limit is counted; one that our own loop made twice as long does not count."""

PATIENCE = 5
"""Times the time limit is what a call may take while Redis answers others."""

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Breaker:
    """Closed while Redis answers in time; open from the first call that fails to the first probe that does not.

    In time: `timeout_seconds` without a word from Redis are too many. While it answers other calls meanwhile it is
    alive, and a late call may take PATIENCE times as long: Redis does one thing at a time, and a busy machine delays
    each of them. (A ping would tell nothing more, as it would stand in the same line.) Time in which our own loop did
    not turn is ours, not that of Redis, whose answer may lie in the socket: it does not count.
    """

    def __init__(self, probe: Callable[[], Coroutine[Any, Any, object]], timeout_seconds: float) -> None:
        self._probe = probe
        self._timeout_seconds = timeout_seconds
        self._opened = asyncio.Event()
        self._answers = 0
        self.measured: Callable[[float], None] = lambda seconds: None
        """Told how long each call took, also one that failed."""
        self.went_away: Callable[[], None] = lambda: None
        """Told each time that Redis stops answering."""

    @property
    def known_reachable(self) -> bool:
        """Redis answers, and has answered: before the first call nobody knows."""
        return self._answers > 0 and self.reachable

    @property
    def reachable(self) -> bool:
        return not self._opened.is_set()

    async def call(self, asked: Coroutine[Any, Any, Answer], timeout_seconds: float | None = None) -> Answer:
        """The answer. Raises LedgerUnreachable when there is none in time, or was none a moment ago."""
        if not self.reachable:
            asked.close()
            raise LedgerUnreachable("Redis did not answer a moment ago")
        call, began = asyncio.create_task(asked), time.monotonic()
        try:
            await self._wait(call, timeout_seconds or self._timeout_seconds)
            answer = call.result()
        except LedgerUnreachable as error:
            self._open(error)
            raise
        finally:
            _abandon(call)
            self.measured(time.monotonic() - began)
        self._answers += 1
        return answer

    async def _wait(self, call: asyncio.Task[Answer], timeout_seconds: float) -> None:
        """Until it is done. Raises LedgerUnreachable when that is not soon enough."""
        silent = waited = 0
        while not call.done():
            heard = self._answers
            in_time = await _look(call, timeout_seconds / LOOKS)
            waited += 1
            silent = silent + in_time if self._answers == heard else 0
            if not call.done() and (silent >= LOOKS or waited >= LOOKS * PATIENCE):
                raise LedgerUnreachable(f"Redis did not answer within {timeout_seconds} s")

    async def watch(self, restored: Callable[[], None]) -> None:
        """Probe an open breaker, close it, and say so; until cancelled."""
        while True:
            await self._opened.wait()
            await asyncio.sleep(PROBE_SECONDS)
            if not await self._is_back():
                continue
            self._opened.clear()
            logger.warning("Redis answers again")
            restored()

    async def _is_back(self) -> bool:
        """A server that hung answers this in the moment in which it goes on."""
        try:
            async with asyncio.timeout(self._timeout_seconds * PATIENCE):
                await self._probe()
        except (LedgerUnreachable, TimeoutError):
            return False
        self._answers += 1
        return True

    def _open(self, error: BaseException) -> None:
        if self.reachable:
            logger.warning("Redis does not answer; light tasks go on under the grant", extra={"error": repr(error)})
            self.went_away()
        self._opened.set()


async def _look(call: asyncio.Task[Answer], seconds: float) -> bool:
    """Wait for it; False when our own loop made this twice as long."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.wait((call,), timeout=seconds)
    return loop.time() - began < 2 * seconds


def _abandon(call: asyncio.Task[Answer]) -> None:
    """Nobody waits for it any more; nothing happens to one that is done."""
    if not call.done():
        call.add_done_callback(lambda done: None if done.cancelled() else done.exception())
        call.cancel()
