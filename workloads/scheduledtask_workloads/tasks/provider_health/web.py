"""The probe of HTTP and HTTPS."""

import re

import aiohttp

from scheduledtask_workloads.tasks.provider_health.connections import trust
from scheduledtask_workloads.tasks.provider_health.endpoints import HttpEndpoint
from scheduledtask_workloads.tasks.provider_health.errors import ProbeFailedError

BODY_LIMIT_BYTES = 256 * 1024
REDIRECTS_LIMIT = 5
USER_AGENT = "scheduledtask-provider-health"


async def probe_http(endpoint: HttpEndpoint) -> None:
    """Raises aiohttp.ClientError, OSError, ProbeFailedError."""
    tls = trust(endpoint.ca_certificate, verify=endpoint.verify_tls) if endpoint.url.startswith("https:") else True
    connector = aiohttp.TCPConnector(force_close=True)  # a probe that finds an open connection says less
    async with (
        aiohttp.ClientSession(connector=connector, headers={"User-Agent": USER_AGENT}) as session,
        session.request(
            endpoint.method,
            endpoint.url,
            headers=endpoint.headers,
            allow_redirects=endpoint.follow_redirects,
            max_redirects=REDIRECTS_LIMIT,
            ssl=tls,
        ) as response,
    ):
        if not endpoint.expects(response.status):
            raise ProbeFailedError(f"status {response.status} instead of {endpoint.status}")
        if endpoint.body_contains or endpoint.body_matches:
            _check(endpoint, await _body(response))


async def _body(response: aiohttp.ClientResponse) -> str:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) >= BODY_LIMIT_BYTES:
            break
    try:
        return body[:BODY_LIMIT_BYTES].decode(response.charset or "utf-8", errors="replace")
    except LookupError:  # a charset that nobody knows
        return body.decode(errors="replace")


def _check(endpoint: HttpEndpoint, body: str) -> None:
    """What came is not shown: it may be anything."""
    if endpoint.body_contains and endpoint.body_contains not in body:
        raise ProbeFailedError(f"the body does not contain {endpoint.body_contains[:80]!r}")
    if endpoint.body_matches and not re.search(endpoint.body_matches, body):
        raise ProbeFailedError(f"nothing in the body matches {endpoint.body_matches[:80]!r}")
