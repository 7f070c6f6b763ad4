"""A scheduler and two workers on a real server, and the past."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import redis
from tests.ledger_actors import Leader, Past

from scheduledtask_workloads.ledger import WorkerLedger


@pytest.fixture
def make_leader(redis_url: str) -> Iterator[Callable[..., Leader]]:
    with asyncio.Runner() as runner, ExitStack() as stack:

        def make(fence: int = 1, host: str = "scheduler-1") -> Leader:
            leader = Leader(runner, redis_url, fence, host)
            stack.callback(lambda: runner.run(leader.client.aclose()))
            return leader

        yield make


@pytest.fixture
def leader(make_leader: Callable[..., Leader]) -> Leader:
    return make_leader().lead()


@pytest.fixture
def past(redis_url: str) -> Iterator[Past]:
    made = Past(redis_url)
    yield made
    made.client.close()


@pytest.fixture
def worker(redis_url: str) -> Iterator[WorkerLedger]:
    with redis.Redis.from_url(redis_url, socket_timeout=2) as client:
        yield WorkerLedger(client)


@pytest.fixture
def other_worker(redis_url: str) -> Iterator[WorkerLedger]:
    with redis.Redis.from_url(redis_url, socket_timeout=2) as client:
        yield WorkerLedger(client)
