"""The operator's HTTP, asked as Prometheus and the probes ask it."""

import asyncio
import gzip
import time
from collections.abc import Callable, Iterator

import aiohttp

from scheduledtask_operator.cluster.health import HealthServer

PARTS = [f"metric_{number} 1\n".encode() * 2_000 for number in range(20)]


class Asked:
    """What one request found."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


def ask(
    path: str,
    *,
    accept: str = "identity",
    healthy: str = "",
    turns: list[int] | None = None,
    wait: Callable[[], float] = float,
) -> Asked:
    """`turns` gets the number of turns that others had while the answer was made."""

    async def count(others: list[int]) -> None:
        while True:
            others[0] += 1
            await asyncio.sleep(0)

    async def run() -> Asked:
        others = [0]

        def parts() -> Iterator[bytes]:
            others[0] = 0
            yield from PARTS

        async with HealthServer(0, healthy=lambda: healthy, ready=str, metrics=parts, wait_seconds=wait) as server:
            counting = asyncio.create_task(count(others))
            url = f"http://127.0.0.1:{server.port}{path}"
            async with (
                aiohttp.ClientSession(auto_decompress=False) as session,
                session.get(url, headers={"Accept-Encoding": accept}) as answer,
            ):
                asked = Asked(answer.status, dict(answer.headers), await answer.read())
            counting.cancel()
        if turns is not None:
            turns.extend(others)
        return asked

    return asyncio.run(run())


def test_prometheus_gets_it_compressed() -> None:
    answer = ask("/metrics", accept="gzip")

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == b"".join(PARTS)
    assert len(answer.body) * 10 < len(b"".join(PARTS))


def test_who_asks_for_it_plain_gets_it_plain() -> None:
    answer = ask("/metrics")

    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.body == b"".join(PARTS)


def test_others_have_their_turn_while_it_is_made() -> None:
    turns: list[int] = []
    ask("/metrics", turns=turns)

    assert turns[0] >= len(PARTS)


def test_a_scrape_is_made_when_its_wait_is_over() -> None:
    began = time.monotonic()

    assert ask("/metrics", wait=lambda: 0.2).body == b"".join(PARTS)
    assert time.monotonic() - began >= 0.2


def test_a_probe_is_told_what_is_missing() -> None:
    assert (ask("/healthz").status, ask("/healthz").body) == (200, b"ok\n")
    assert (ask("/healthz", healthy="the watch has ended").status) == 503
    assert ask("/healthz", healthy="the watch has ended").body == b"the watch has ended\n"
