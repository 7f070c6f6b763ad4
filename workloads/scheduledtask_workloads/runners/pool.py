"""Who runs what: every order ends in exactly one report."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, RunOrder
from scheduledtask_workloads.execution import (
    CapturedOutput,
    HostReport,
    MemoryGuard,
    Observed,
    cancelled,
    interrupted,
    masker_of,
)
from scheduledtask_workloads.runners.crew import Crew, CrewListener
from scheduledtask_workloads.runners.judging import overstepped, report_of_death, spoke_nonsense, with_tree_peak
from scheduledtask_workloads.runners.lines import ChildWord
from scheduledtask_workloads.runners.place import ActiveRun, Place

WATCH_SECONDS = 0.2  # how late a limit is noticed at most
CANCEL_GRACE_SECONDS = 5.0  # for a body that was asked to stop, before it is killed
DEFAULT_MEMORY_LIMIT_BYTES = 500 * 1000**2  # where light ends


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """`processes`: bodies at once, 1 or more. `memory_limit_bytes`: of a run whose order names none."""

    processes: int = 4
    memory_limit_bytes: int = DEFAULT_MEMORY_LIMIT_BYTES


@dataclass(frozen=True, slots=True)
class PoolListener:
    on_started: Callable[[AttemptRef, float], None]  # Unix seconds
    on_ended: Callable[[AttemptReport], None]


class Pool:
    """Must be made in a running loop; await `opened` before orders are given."""

    def __init__(self, settings: PoolSettings, folder: Path, listener: PoolListener) -> None:
        self._settings = settings
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._queue: deque[RunOrder] = deque()
        self._held: set[AttemptRef] = set()  # given to a child, or waiting
        self._watch_timer: asyncio.TimerHandle | None = None
        self._crew = Crew(
            settings.processes, folder, CrewListener(self._on_word, self._on_nonsense, self._on_death, self._hand_out)
        )

    async def opened(self) -> None:
        """Until the catalog is loaded. Raises NurseryLostError when that kills the process that loads it."""
        await self._crew.opened()

    def in_order(self) -> bool:
        """Bodies can be run."""
        return self._crew.in_order()

    def start(self, order: RunOrder) -> None:
        """Now, or when a child is free."""
        if order.memory_limit_bytes is None:
            order = order.model_copy(update={"memory_limit_bytes": self._settings.memory_limit_bytes})
        self._held.add(order.ref)
        self._queue.append(order)
        self._hand_out()

    def active(self) -> list[ActiveRun]:
        """What a child has, whether or not its body has begun."""
        return [place.run for place in self._crew.busy() if place.run is not None]

    def holds(self, ref: AttemptRef) -> bool:
        return ref in self._held

    def drop_queue(self) -> None:
        """Forget the orders that no child has yet."""
        self._held.difference_update(order.ref for order in self._queue)
        self._queue.clear()

    def cancel(self, ref: AttemptRef) -> None:
        """The body is asked to stop, and killed if it does not; an order that waits never begins."""
        for place in self._crew.busy():
            if (run := place.run) is not None and run.order.ref == ref and run.verdict is None:
                run.verdict = cancelled
                run.kill_at_monotonic = self._loop.time() + CANCEL_GRACE_SECONDS
                self._crew.ask(place)
        for order in [order for order in self._queue if order.ref == ref]:
            self._queue.remove(order)
            self._held.discard(ref)
            self._listener.on_ended(cancelled(order, Observed(ended_at=time.time())))

    def interrupt(self) -> None:
        """End every body; each is reported as interrupted."""
        for place in self._crew.busy():
            self._end(place, interrupted)

    def close(self) -> None:
        """End everything at once, unreported."""
        if self._watch_timer is not None:
            self._watch_timer.cancel()
        self._crew.close()

    def _hand_out(self) -> None:
        while self._queue and (place := self._crew.place_for(self._queue[0].ref.namespace)):
            order = self._queue.popleft()
            place.give(ActiveRun(order, self._loop.time(), CapturedOutput(place.output, masker_of(order))))
            if self._watch_timer is None:
                self._watch_timer = self._loop.call_later(WATCH_SECONDS, self._watch)

    def _watch(self) -> None:
        self._watch_timer = None
        now = self._loop.time()
        for place in self._crew.busy():
            if place.run is not None:
                self._look_at(place, place.run, now)
                self._watch_timer = self._watch_timer or self._loop.call_later(WATCH_SECONDS, self._watch)

    def _look_at(self, place: Place, run: ActiveRun, now_monotonic: float) -> None:
        run.output.bound()
        if run.guard is None and place.pid is not None:
            run.guard = MemoryGuard(place.pid, run.order.memory_limit_bytes)
        if run.verdict is None:
            if verdict := overstepped(run, now_monotonic):
                self._end(place, verdict)
        elif run.kill_at_monotonic is not None and now_monotonic >= run.kill_at_monotonic:
            run.kill_at_monotonic = None
            self._crew.end(place)

    def _end(self, place: Place, verdict: HostReport) -> None:
        """`verdict` is reported, unless the body's own report is on its way already."""
        if place.run is not None and place.run.verdict is None:
            place.run.verdict = verdict
        self._crew.end(place)

    def _on_word(self, place: Place, word: ChildWord) -> None:
        run = place.run
        if run is None:
            return
        if word.started_at is not None:
            run.started_at, run.started_at_monotonic = word.started_at, self._loop.time()
            self._listener.on_started(run.order.ref, word.started_at)
        if word.report is not None and word.report.ref == run.order.ref:
            self._free(place, with_tree_peak(run, word.report), leaving=bool(word.leaving))

    def _on_nonsense(self, place: Place) -> None:
        self._end(place, spoke_nonsense)

    def _on_death(self, place: Place, status: int) -> None:
        if place.run is not None:
            self._free(place, report_of_death(place.run, status, time.time()), leaving=True)

    def _free(self, place: Place, report: AttemptReport, *, leaving: bool) -> None:
        place.run = None
        self._held.discard(report.ref)
        self._listener.on_ended(report)
        if leaving:
            self._crew.end(place)
        if place.doomed:
            self._crew.refill()
        else:
            self._hand_out()
