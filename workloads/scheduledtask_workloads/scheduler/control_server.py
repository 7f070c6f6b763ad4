"""Socket A, the scheduler's end: whoever of the control plane connects is heard, and told everything."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from scheduledtask_workloads.contract.framing import LINE_LIMIT_BYTES, FramingError, encode, read_messages
from scheduledtask_workloads.contract.messages import ControlToScheduler, SchedulerHello, control_to_scheduler
from scheduledtask_workloads.contract.model import Message
from scheduledtask_workloads.scheduler.errors import SocketInUseError

UNREAD_LIMIT_BYTES = 64 * 1024**2
"""A control plane that reads this little is cut off; when it connects again it is told what counts."""

BEHIND_BYTES = 8 * 1024**2
"""What can wait does, while a control plane has this much to read."""

YIELD_EVERY_MESSAGES = 100
"""Ten thousand jobs come at once; slots and runs get their turn in between."""

logger = logging.getLogger(__name__)


class ControlServer:
    """Listens on socket A; what it hears goes to `hear`, message by message."""

    def __init__(self, path: Path, hear: Callable[[ControlToScheduler], Awaitable[None]]) -> None:
        self._path = path
        self._hear = hear
        self._writers: set[asyncio.StreamWriter] = set()
        self._conversations: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def connected(self) -> bool:
        return bool(self._writers)

    @property
    def behind(self) -> bool:
        """Somebody has much to read."""
        return any(writer.transport.get_write_buffer_size() > BEHIND_BYTES for writer in self._writers)

    def tell(self, messages: Iterable[Message]) -> None:
        """To every control plane that is connected."""
        if self._writers:
            self.tell_lines(encode(messages))

    def tell_lines(self, lines: bytes) -> None:
        """The same, of messages that are already lines."""
        for writer in tuple(self._writers):
            if writer.transport.get_write_buffer_size() > UNREAD_LIMIT_BYTES:
                logger.error("the control plane does not read; cutting it off")
                self._writers.discard(writer)
                writer.transport.abort()
            elif not writer.is_closing():
                writer.write(lines)

    async def open(self) -> None:
        """Raises SocketInUseError when another program answers on the path."""
        remove_stale_socket(self._path)
        self._server = await asyncio.start_unix_server(
            self._converse, self._path, limit=LINE_LIMIT_BYTES, start_serving=False
        )
        self._path.chmod(0o600)

    async def serve(self) -> None:
        """Once it is open; until cancelled."""
        if self._server is not None:
            async with self._server as server:
                await server.serve_forever()

    async def close(self) -> None:
        """Hang up."""
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._conversations)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.current_task()
        if conversation is not None:
            self._conversations.add(conversation)
            conversation.add_done_callback(self._conversations.discard)
        await self._listen(reader, writer)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode([SchedulerHello(pid=os.getpid())]))
        self._writers.add(writer)
        heard = 0
        try:
            async for message in read_messages(reader, control_to_scheduler):
                await self._hear(message)
                heard += 1
                if heard % YIELD_EVERY_MESSAGES == 0:
                    await asyncio.sleep(0)
        except FramingError as error:
            logger.warning("the control plane can't be understood; hanging up", extra={"error": str(error)})
        finally:
            self._writers.discard(writer)
            writer.close()


def remove_stale_socket(path: Path) -> None:
    """What a killed program left behind. Raises SocketInUseError when somebody answers."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
    raise SocketInUseError(f"another scheduler listens on {path}: stop it, or give another --control-socket")
