"""All probes, a few at once, each within its time and all within the run's."""

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPException

import sqlalchemy as sa

from scheduledtask_workloads.tasks.provider_health import connections, databases, web
from scheduledtask_workloads.tasks.provider_health.endpoints import (
    DnsEndpoint,
    Endpoint,
    HttpEndpoint,
    RedisEndpoint,
    SqlEndpoint,
    TcpEndpoint,
    TlsEndpoint,
)
from scheduledtask_workloads.tasks.provider_health.errors import ProbeFailedError
from scheduledtask_workloads.tasks.provider_health.verdicts import Observation

LOOK_SECONDS = 0.1  # how often it is asked whether the run shall end
FAILURES = (ProbeFailedError, OSError, ssl.SSLError, HTTPException, sa.exc.SQLAlchemyError, ValueError)


def probe_all(
    endpoints: Sequence[Endpoint], at_once: int, timeout_seconds: float, over: Callable[[], bool]
) -> list[Observation | None]:
    """In the order of `endpoints`; None for each whose probe had not ended when `over` said so."""
    loop = asyncio.new_event_loop()
    # A thread that hangs in a resolver or a driver keeps its place, and must not take another probe's.
    threads = ThreadPoolExecutor(max_workers=len(endpoints) + at_once, thread_name_prefix="probe")
    loop.set_default_executor(threads)
    try:
        return loop.run_until_complete(_probe_all(endpoints, at_once, timeout_seconds, over))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()  # does not wait for threads, as asyncio.run would


async def _probe_all(
    endpoints: Sequence[Endpoint], at_once: int, timeout_seconds: float, over: Callable[[], bool]
) -> list[Observation | None]:
    places = asyncio.Semaphore(at_once)

    async def probe(endpoint: Endpoint) -> Observation:
        async with places:
            return await _observe(endpoint, endpoint.timeout or timeout_seconds)

    probes = [asyncio.create_task(probe(endpoint)) for endpoint in endpoints]
    pending = set(probes)
    while pending and not over():
        _, pending = await asyncio.wait(pending, timeout=LOOK_SECONDS)
    for unfinished in pending:
        unfinished.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return [None if each.cancelled() else each.result() for each in probes]


async def _observe(endpoint: Endpoint, timeout_seconds: float) -> Observation:
    message, days = "", None
    begin = time.perf_counter()
    try:
        async with asyncio.timeout(timeout_seconds):
            days = await _probe(endpoint, timeout_seconds)
    except TimeoutError:
        message = f"no answer within {timeout_seconds:g} s"
    except FAILURES as error:
        message = _told(error)
    latency_ms = (time.perf_counter() - begin) * 1000
    if not message and endpoint.max_latency_ms is not None and latency_ms > endpoint.max_latency_ms:
        message = f"took {latency_ms:.1f} ms, more than {endpoint.max_latency_ms:g}"
    return Observation(message, latency_ms, days)


async def _probe(endpoint: Endpoint, timeout_seconds: float) -> float | None:
    """The days left, of a certificate. Raises what the probe of its kind raises."""
    match endpoint:
        case HttpEndpoint():
            await web.probe_http(endpoint, timeout_seconds)
        case TcpEndpoint():
            await connections.probe_tcp(endpoint)
        case DnsEndpoint():
            await connections.probe_dns(endpoint)
        case TlsEndpoint():
            return await connections.probe_tls(endpoint, datetime.now(UTC))
        case RedisEndpoint():
            await connections.probe_redis(endpoint)
        case SqlEndpoint():
            await asyncio.to_thread(databases.probe_sql, endpoint.url, timeout_seconds)
    return None


def _told(error: Exception) -> str:
    """One line, by the driver's own error where there is one: SQLAlchemy's goes on about its documentation."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"certificate: {cause.verify_message}"
    text = " ".join(str(cause).split())
    return text if isinstance(error, ProbeFailedError) else f"{type(cause).__name__}: {text}"
