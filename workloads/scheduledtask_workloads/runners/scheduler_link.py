"""Socket B, the runners' end: one scheduler at a time, and reports that wait until one has acknowledged them."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, RunOrder
from scheduledtask_workloads.contract.framing import FramingError, encode, read_messages
from scheduledtask_workloads.contract.messages import (
    AttemptEnded,
    AttemptStarted,
    KillRun,
    ReportAcknowledged,
    RunnersHello,
    RunnersToScheduler,
    SchedulerToRunners,
    StartRun,
    scheduler_to_runners,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SchedulerRequests:
    """What a scheduler may want; `on_gone` when none is connected any more."""

    on_start: Callable[[RunOrder], None]
    on_kill: Callable[[AttemptRef], None]
    on_gone: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the runners have at a moment: refs of all bodies, and those that began, with Unix seconds."""

    processes: int
    running: tuple[AttemptRef, ...]
    started: tuple[tuple[AttemptRef, float], ...]


class SchedulerLink:
    """`serve` is the callback of a Unix server; a newer connection replaces the older."""

    def __init__(self, holdings: Callable[[], Holdings], requests: SchedulerRequests) -> None:
        self._holdings = holdings
        self._requests = requests
        self._host = socket.gethostname()
        self._loop = asyncio.get_running_loop()
        self._writer: asyncio.StreamWriter | None = None
        self._unacknowledged: dict[AttemptRef, AttemptReport] = {}
        self._outbox: list[RunnersToScheduler] = []
        self._settled = asyncio.Event()
        self._settled.set()
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        return self._writer is not None

    def tell_started(self, ref: AttemptRef, started_at: float) -> None:
        self._post(AttemptStarted(ref=ref, started_at=started_at, host=self._host))

    def tell_ended(self, report: AttemptReport) -> None:
        """Kept, and sent again to every new connection, until it is acknowledged."""
        self._unacknowledged[report.ref] = report
        self._settled.clear()
        self._post(AttemptEnded(report=report))

    async def settled(self) -> None:
        """Until every report is acknowledged; for ever, while no scheduler is there to."""
        await self._settled.wait()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from hello to its end, in a task of its own."""
        task = self._loop.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def close(self) -> None:
        """Hang up, after all that was posted is written."""
        self._flush()
        if self._writer is not None:
            self._writer.close()
        await asyncio.gather(*self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._replace(writer)
        try:
            async for message in read_messages(reader, scheduler_to_runners):
                if self._writer is not writer:
                    break
                self._perform(message)
        except FramingError as error:
            logger.warning("the connection to the scheduler is ended: %s", error)
        finally:
            self._end(writer)

    def _replace(self, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            logger.info("a newer connection replaces the scheduler's")
            self._end(self._writer)
        self._writer = writer
        held = self._holdings()
        self._outbox = [RunnersHello(processes=held.processes, running=held.running)]
        self._outbox += [AttemptStarted(ref=ref, started_at=at, host=self._host) for ref, at in held.started]
        self._outbox += [AttemptEnded(report=report) for report in self._unacknowledged.values()]
        self._flush()
        logger.info("a scheduler is connected", extra={"running": len(held.running)})

    def _end(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.close()
        if self._writer is writer:
            self._writer = None
            self._outbox.clear()
            self._requests.on_gone()
            logger.info("no scheduler is connected")

    def _perform(self, message: SchedulerToRunners) -> None:
        match message:
            case StartRun(order=order):
                self._start(order)
            case KillRun(ref=ref):
                self._requests.on_kill(ref)
            case ReportAcknowledged(ref=ref):
                self._unacknowledged.pop(ref, None)
                if not self._unacknowledged:
                    self._settled.set()

    def _start(self, order: RunOrder) -> None:
        """An attempt that has ended is never begun again: it is told again."""
        if (report := self._unacknowledged.get(order.ref)) is not None:
            self._post(AttemptEnded(report=report))
        else:
            self._requests.on_start(order)

    def _post(self, message: RunnersToScheduler) -> None:
        if self._writer is None:
            return
        if not self._outbox:
            self._loop.call_soon(self._flush)  # one write for all that happens in this turn of the loop
        self._outbox.append(message)

    def _flush(self) -> None:
        if self._writer is not None and self._outbox:
            self._writer.write(encode(self._outbox))
        self._outbox.clear()
