"""HTTP for probes and Prometheus: `/healthz`, `/readyz`, `/metrics`."""

import asyncio
import zlib
from collections.abc import Callable, Iterator

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

GZIP = 16 + zlib.MAX_WBITS
FASTEST = 1  # the text is the same words again and again: a tenth remains, as with the slower levels


class HealthServer:
    """`async with`; `healthy` and `ready` say what is missing, in a sentence, or nothing."""

    def __init__(
        self,
        port: int,
        *,
        healthy: Callable[[], str],
        ready: Callable[[], str],
        metrics: Callable[[], Iterator[bytes]],
        wait_seconds: Callable[[], float] = float,
    ) -> None:
        """Port 0 is any that is free; see `port`. `metrics` makes the text of a scrape, part by part, after a wait."""
        self._asked_port = port
        self._healthy = healthy
        self._ready = ready
        self._metrics_parts = metrics
        self._wait_seconds = wait_seconds
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        if self._runner is None:
            raise RuntimeError("it was not started")
        ports = {":" in address[0]: int(address[1]) for address in self._runner.addresses}
        return ports.get(False) or ports[True]  # IPv4's where both were free to choose

    async def __aenter__(self) -> "HealthServer":
        """Raises OSError when the port is taken."""
        app = web.Application()
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._readiness)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, port=self._asked_port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _health(self, request: web.Request) -> web.Response:
        return _answer(self._healthy())

    async def _readiness(self, request: web.Request) -> web.Response:
        return _answer(self._ready())

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        """Part by part, with a turn for others in between: all of it may be some megabytes."""
        zipped = "gzip" in request.headers.get("Accept-Encoding", "")
        response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
        if zipped:
            response.headers["Content-Encoding"] = "gzip"
        await response.prepare(request)
        await asyncio.sleep(self._wait_seconds())
        for part in _zipped(self._metrics_parts()) if zipped else self._metrics_parts():
            await response.write(part)
            await asyncio.sleep(0)
        await response.write_eof()
        return response


def _zipped(parts: Iterator[bytes]) -> Iterator[bytes]:
    zipper = zlib.compressobj(FASTEST, zlib.DEFLATED, GZIP)
    for part in parts:
        yield zipper.compress(part)
    yield zipper.flush()


def _answer(missing: str) -> web.Response:
    return web.Response(status=503 if missing else 200, text=f"{missing or 'ok'}\n")
