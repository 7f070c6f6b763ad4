"""Messages on a stream: one JSON object a line, over a Unix socket."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from scheduledtask_workloads.contract.model import Message

LINE_LIMIT_BYTES = 4 * 1024**2  # far above a report's capped output and result
PROBLEMS_SHOWN = 5

Parsed = TypeVar("Parsed")


class FramingError(Exception):
    """The peer does not speak this contract; the connection is of no more use."""


def encode(messages: Iterable[Message]) -> bytes:
    """Each message as a line."""
    return b"".join(message.model_dump_json().encode() + b"\n" for message in messages)


async def read_messages(reader: asyncio.StreamReader, adapter: TypeAdapter[Parsed]) -> AsyncIterator[Parsed]:
    """Messages until the peer closes. Raises FramingError at a line that is no message.

    The reader must have been made with `limit=LINE_LIMIT_BYTES`.
    """
    while line := await _read_line(reader):
        try:
            yield adapter.validate_json(line)
        except ValidationError as error:
            # Neither the line nor its values: it may hold what Secrets hold.
            found = error.errors(include_url=False, include_input=False, include_context=False)
            places = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in found[:PROBLEMS_SHOWN])
            raise FramingError(f"not a message of this contract ({len(line)} bytes): {places}") from None


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ValueError as error:
        raise FramingError(f"a line of more than {LINE_LIMIT_BYTES} bytes") from error
    except ConnectionError:
        return b""
