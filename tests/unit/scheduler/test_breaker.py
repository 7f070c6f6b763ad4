"""When Redis counts as unreachable: after its silence, not after one late answer, and not after our own delay."""

import asyncio
import socket
import threading
import time

import pytest

from scheduledtask_workloads.ledger import LedgerUnreachable
from scheduledtask_workloads.scheduler.breaker import PATIENCE, Breaker

LIMIT_SECONDS = 0.2


async def answer() -> str:
    return "answer"


async def answer_after(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "late answer"


async def never() -> None:
    await asyncio.Event().wait()


def make_breaker() -> Breaker:
    return Breaker(answer, LIMIT_SECONDS)


async def answering(breaker: Breaker) -> None:
    """Until cancelled: other calls, which are answered."""
    while True:
        await breaker.call(answer())
        await asyncio.sleep(LIMIT_SECONDS / 20)


def test_a_silent_server_is_not_asked_again_until_it_answers_a_probe() -> None:
    async def scenario() -> None:
        breaker = make_breaker()
        with pytest.raises(LedgerUnreachable):
            await breaker.call(never())
        assert not breaker.reachable
        with pytest.raises(LedgerUnreachable):
            await breaker.call(answer())

        restored = asyncio.Event()
        watch = asyncio.create_task(breaker.watch(restored.set))
        await asyncio.wait_for(restored.wait(), 10)
        watch.cancel()
        assert await breaker.call(answer()) == "answer"

    asyncio.run(scenario())


def test_a_late_answer_is_taken_while_the_server_answers_others() -> None:
    async def scenario() -> None:
        breaker = make_breaker()
        others = asyncio.create_task(answering(breaker))
        assert await breaker.call(answer_after(2 * LIMIT_SECONDS)) == "late answer"
        assert breaker.reachable
        others.cancel()

    asyncio.run(scenario())


def test_patience_with_a_call_has_an_end_whatever_else_is_answered() -> None:
    async def scenario() -> None:
        breaker = make_breaker()
        others = asyncio.create_task(answering(breaker))
        with pytest.raises(LedgerUnreachable):
            await asyncio.wait_for(breaker.call(never()), 20 * PATIENCE * LIMIT_SECONDS)
        with pytest.raises(LedgerUnreachable):
            await others

    asyncio.run(scenario())


def test_an_answer_that_lies_in_the_socket_while_our_loop_is_busy_is_in_time() -> None:
    """A slice was once given up so: the loop was held up for longer than the limit, and the timer came first."""

    async def scenario(ours: socket.socket, theirs: socket.socket) -> None:
        loop, breaker = asyncio.get_running_loop(), make_breaker()
        ours.setblocking(False)
        loop.call_soon(lambda: time.sleep(3 * LIMIT_SECONDS))
        threading.Timer(LIMIT_SECONDS, theirs.sendall, (b"!",)).start()
        assert await breaker.call(loop.sock_recv(ours, 1)) == b"!"

    ours, theirs = socket.socketpair()
    with ours, theirs:
        asyncio.run(scenario(ours, theirs))


def test_a_call_that_is_given_up_is_cancelled() -> None:
    async def scenario() -> None:
        cancelled = asyncio.Event()

        async def hanging() -> None:
            try:
                await never()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        with pytest.raises(LedgerUnreachable):
            await make_breaker().call(hanging())
        await asyncio.wait_for(cancelled.wait(), 10)

    asyncio.run(scenario())
