"""Socket B, the scheduler's end: keeps a connection to the runners, whoever of both was restarted."""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from scheduledtask_workloads.contract.framing import LINE_LIMIT_BYTES, FramingError, encode, read_messages
from scheduledtask_workloads.contract.messages import (
    AttemptEnded,
    AttemptStarted,
    RunnersHello,
    RunnersToScheduler,
    SchedulerToRunnersHello,
    runners_to_scheduler,
)
from scheduledtask_workloads.contract.model import Message

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
"""Between attempts to connect: restarted runners are missed for a second at most."""

logger = logging.getLogger(__name__)


class RunnersEvents(Protocol):
    """What the light engine hears of the runners."""

    def connected(self, hello: RunnersHello) -> None: ...

    def disconnected(self) -> None: ...

    def started(self, message: AttemptStarted) -> None: ...

    def ended(self, message: AttemptEnded) -> None: ...


class RunnersLink:
    """Delivers to the runners what is sent while they are connected; the rest is dropped, and found out by hello."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None

    @property
    def connected(self) -> bool:
        return self._writer is not None

    def send(self, messages: Iterable[Message]) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(encode(messages))

    async def run(self, events: RunnersEvents) -> None:
        """Connect, listen, connect again; until cancelled."""
        pause_seconds = FIRST_PAUSE_SECONDS
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path, limit=LINE_LIMIT_BYTES)
            except OSError:
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)
                continue
            pause_seconds = FIRST_PAUSE_SECONDS
            await self._converse(reader, writer, events)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, events: RunnersEvents
    ) -> None:
        writer.write(encode([SchedulerToRunnersHello()]))
        try:
            async for message in read_messages(reader, runners_to_scheduler):
                self._deliver(message, writer, events)
            logger.warning("the runners are gone")
        except FramingError as error:
            logger.warning("the runners can't be understood; connecting anew", extra={"error": str(error)})
        finally:
            self._writer = None
            events.disconnected()
            writer.close()

    def _deliver(self, message: RunnersToScheduler, writer: asyncio.StreamWriter, events: RunnersEvents) -> None:
        match message:
            case RunnersHello():
                self._writer = writer
                logger.info("the runners are here", extra={"processes": message.processes})
                events.connected(message)
            case AttemptStarted():
                events.started(message)
            case AttemptEnded():
                events.ended(message)
