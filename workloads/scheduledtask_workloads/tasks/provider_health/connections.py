"""Probes that need a socket and no more: TCP, DNS, TLS, Redis."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from scheduledtask_workloads.tasks.provider_health.endpoints import (
    DnsEndpoint,
    RedisEndpoint,
    TcpEndpoint,
    TlsEndpoint,
)
from scheduledtask_workloads.tasks.provider_health.errors import ProbeFailedError

DAY_SECONDS = 86400
REDIS_PORT = 6379


def trust(ca_certificate: str | None, *, verify: bool = True) -> ssl.SSLContext:
    """Raises ProbeFailedError for what is no PEM."""
    try:
        context = ssl.create_default_context(cadata=ca_certificate)
    except (ssl.SSLError, ValueError) as error:
        raise ProbeFailedError("ca_certificate is no certificate in PEM") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@asynccontextmanager
async def _connection(
    host: str, port: int, tls: ssl.SSLContext | None = None, server_name: str | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    name = (server_name or host) if tls else None
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname=name)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()  # a polite end could hang


async def probe_tcp(endpoint: TcpEndpoint) -> None:
    async with _connection(endpoint.host, endpoint.port):
        return


async def probe_dns(endpoint: DnsEndpoint) -> None:
    """Raises OSError for a name that does not resolve, ProbeFailedError for one that leads elsewhere."""
    answers = await asyncio.get_running_loop().getaddrinfo(endpoint.host, None)
    found = {_plain(str(answer[4][0])) for answer in answers}
    missing = [address for address in endpoint.addresses if _plain(address) not in found]
    if missing:
        raise ProbeFailedError(f"resolves to {', '.join(sorted(found))}, without {', '.join(missing)}")


def _plain(address: str) -> str:
    """One form of each address: IPv6 has several."""
    try:
        return str(ip_address(address.partition("%")[0]))
    except ValueError:
        return address


async def probe_tls(endpoint: TlsEndpoint, now: datetime) -> float:
    """The days that the certificate is valid for. Raises ssl.SSLError, OSError, ProbeFailedError."""
    context = trust(endpoint.ca_certificate)
    async with _connection(endpoint.host, endpoint.port, context, endpoint.server_name) as (_, writer):
        ends = ssl.cert_time_to_seconds(writer.get_extra_info("peercert")["notAfter"])
    days = round((ends - now.timestamp()) / DAY_SECONDS, 2)
    if days < endpoint.min_days:
        raise ProbeFailedError(f"the certificate ends in {days:g} days, less than {endpoint.min_days:g}")
    return days


async def probe_redis(endpoint: RedisEndpoint) -> None:
    """Raises OSError, ssl.SSLError, ProbeFailedError."""
    url = urlsplit(endpoint.url)
    tls = trust(endpoint.ca_certificate) if url.scheme == "rediss" else None
    async with _connection(url.hostname or "", url.port or REDIS_PORT, tls) as (reader, writer):
        if url.password:
            user = [unquote(url.username)] if url.username else []
            await _ask(reader, writer, "+OK", "AUTH", *user, unquote(url.password))
        await _ask(reader, writer, "+PONG", "PING")


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, expected: str, *words: str) -> None:
    encoded = [word.encode() for word in words]
    writer.write(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded))
    try:
        answer = (await reader.readuntil(b"\r\n")).decode(errors="replace").strip()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ProbeFailedError(f"{words[0]}: the answer is not Redis'") from error
    if answer != expected:
        raise ProbeFailedError(f"{words[0]}: {answer[:120]!r} instead of {expected[1:]}")
