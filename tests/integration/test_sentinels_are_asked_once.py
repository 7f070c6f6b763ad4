"""A Sentinel that is away holds up nobody: the next one is asked, instead of the same one again and again.

redis-py asks four times, with pauses, where it is not told otherwise: each new connection took seconds then.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
import redis.asyncio

from scheduledtask_workloads.broker import connect, connect_async
from scheduledtask_workloads.contract.redis_endpoint import Host, RedisEndpoint


class Deaf:
    """Hangs up on whoever calls, and counts them."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = Host("127.0.0.1", self._socket.getsockname()[1])
        self.calls = 0
        self._thread = threading.Thread(target=self._hang_up, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _hang_up(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            caller.close()


@contextmanager
def deaf_sentinels() -> Iterator[list[Deaf]]:
    sentinels = [Deaf(), Deaf(), Deaf()]
    try:
        yield sentinels
    finally:
        for each in sentinels:
            each.close()


def endpoint_of(sentinels: list[Deaf]) -> RedisEndpoint:
    return RedisEndpoint(hosts=tuple(each.host for each in sentinels), master="tasks")


def test_each_is_asked_once_for_a_connection() -> None:
    with deaf_sentinels() as sentinels:
        with connect(endpoint_of(sentinels), retry=None) as client, pytest.raises(redis.ConnectionError):
            client.ping()

        assert [each.calls for each in sentinels] == [1, 1, 1]


def test_so_it_is_in_asyncio() -> None:
    async def ping(endpoint: RedisEndpoint) -> None:
        async with connect_async(endpoint, retry=None) as client:
            await client.ping()

    with deaf_sentinels() as sentinels:
        with pytest.raises(redis.ConnectionError):
            asyncio.run(ping(endpoint_of(sentinels)))

        assert [each.calls for each in sentinels] == [1, 1, 1]
