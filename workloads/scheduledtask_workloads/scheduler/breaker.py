"""Keeps a hung or absent Redis from holding up the slots: a short time limit, then no call at all until it answers.

The circuit breakers on PyPI let a real call through now and then to see whether all is well again; here that would be
a slot, which would wait for its time limit. So a probe of our own looks, and no slot ever waits twice.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from scheduledtask_workloads.ledger import LedgerUnreachable

PROBE_SECONDS = 0.2
"""Between two looks at an absent server: what a recovery may cost in delay."""

BACKGROUND_SECONDS = 2.0
"""What may take a moment and holds up no slot: big batches, the sweep."""

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Breaker:
    """Closed while Redis answers in time; open from the first call that fails to the first probe that does not."""

    def __init__(self, probe: Callable[[], Coroutine[Any, Any, object]], timeout_seconds: float) -> None:
        self._probe = probe
        self._timeout_seconds = timeout_seconds
        self._opened = asyncio.Event()
        self._answered = False

    @property
    def known_reachable(self) -> bool:
        """Redis answers, and has answered: before the first call nobody knows."""
        return self._answered and self.reachable

    @property
    def reachable(self) -> bool:
        return not self._opened.is_set()

    async def call(self, asked: Coroutine[Any, Any, Answer], timeout_seconds: float | None = None) -> Answer:
        """The answer. Raises LedgerUnreachable when there is none in time, or was none a moment ago."""
        if not self.reachable:
            asked.close()
            raise LedgerUnreachable("Redis did not answer a moment ago")
        try:
            async with asyncio.timeout(timeout_seconds or self._timeout_seconds):
                answer = await asked
        except (LedgerUnreachable, TimeoutError) as error:
            self._open(error)
            raise LedgerUnreachable(f"Redis did not answer: {error!r}") from error
        self._answered = True
        return answer

    async def watch(self, restored: Callable[[], None]) -> None:
        """Probe an open breaker, close it, and say so; until cancelled."""
        while True:
            await self._opened.wait()
            await asyncio.sleep(PROBE_SECONDS)
            if not await self._answers():
                continue
            self._opened.clear()
            logger.warning("Redis answers again")
            restored()

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._probe()
        except (LedgerUnreachable, TimeoutError):
            return False
        self._answered = True
        return True

    def _open(self, error: BaseException) -> None:
        if self.reachable:
            logger.warning("Redis does not answer; light tasks go on under the grant", extra={"error": repr(error)})
        self._opened.set()
