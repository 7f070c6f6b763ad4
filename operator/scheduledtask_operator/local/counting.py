"""`--for SECONDS`: a window of time in which every slot must run once, and what is awaited after it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduledtask_operator.api import ParsedRun
from scheduledtask_operator.control.controller import Controller
from scheduledtask_operator.local.board import Board
from scheduledtask_operator.local.body_journal import BodyJournal
from scheduledtask_operator.local.due_tally import DueTally
from scheduledtask_operator.local.following import Following
from scheduledtask_operator.local.summary import TaskSummary, summarize
from scheduledtask_operator.local.worker_pools import LocalPools

DECISION_SECONDS = 10.0  # the scheduler may just be coming back when the window ends
RUNS_SECONDS = 60.0  # retries and second attempts included
DRAIN_SECONDS = 30.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Counting:
    """The window begins when everything is ready and lasts `seconds`."""

    seconds: float
    board: Board
    tally: DueTally
    journal: BodyJournal
    controller: Controller
    following: Following
    pools: LocalPools
    runs: tuple[ParsedRun, ...]
    """Asked for as the window begins."""

    async def run(self) -> list[TaskSummary]:
        after = self.board.now()
        self.board.enter_phase(f"counting for {self.seconds:g} s")
        await self.following.ask(self.runs)
        await asyncio.sleep(self.seconds)
        until = after + timedelta(seconds=self.seconds)
        await self._finish(after, until)
        self.journal.read()
        return summarize(self.tally, self.journal, after, until)

    async def _finish(self, after: datetime, until: datetime) -> None:
        await _within(DECISION_SECONDS, lambda: self.tally.all_decided(after, until))
        self.controller.stop_firing()
        self.board.enter_phase("no more slots; awaiting runs")
        await _within(RUNS_SECONDS, lambda: self.tally.all_ended(after, until) and not self._active())
        self.controller.close_pools()
        self.board.enter_phase("awaiting workers")
        await _within(DRAIN_SECONDS, self.pools.all_gone)

    def _active(self) -> bool:
        return not self.following.is_idle or any(status.runs.active for status in self.board.statuses.values())


async def _within(seconds: float, done: Callable[[], bool]) -> None:
    """Until `done`, or until the time is over."""
    for _ in range(round(seconds / POLL_SECONDS)):
        if done():
            return
        await asyncio.sleep(POLL_SECONDS)
