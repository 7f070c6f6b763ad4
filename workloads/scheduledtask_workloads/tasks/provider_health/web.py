"""The probe of HTTP and HTTPS: in a thread, by the standard library, for a client library took 9 MB of the runners."""

import asyncio
import base64
import re
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from scheduledtask_workloads.tasks.provider_health.connections import trust
from scheduledtask_workloads.tasks.provider_health.endpoints import HttpEndpoint
from scheduledtask_workloads.tasks.provider_health.errors import ProbeFailedError

BODY_LIMIT_BYTES = 256 * 1024
REDIRECTS_LIMIT = 5
USER_AGENT = "scheduledtask-provider-health"

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = "%/:=&?~#+!$,;'@()*[]"  # what a URL may have as it is


async def probe_http(endpoint: HttpEndpoint, timeout_seconds: float) -> None:
    """Raises http.client.HTTPException, OSError, ValueError, ProbeFailedError. To cancel it ends its thread."""
    exchange = _Exchange(endpoint, timeout_seconds)
    try:
        await asyncio.to_thread(exchange.run)
    finally:
        exchange.cut()


class _Exchange:
    """Requests, one after the other, until one is no redirect."""

    def __init__(self, endpoint: HttpEndpoint, timeout_seconds: float) -> None:
        self._endpoint = endpoint
        self._timeout_seconds = timeout_seconds
        self._connection: HTTPConnection | None = None
        self._over = False

    def run(self) -> None:
        try:
            self._follow()
        finally:
            if self._connection is not None:
                self._connection.close()

    def _follow(self) -> None:
        first = url = urlsplit(self._endpoint.url)
        for _ in range(REDIRECTS_LIMIT + 1):
            response = self._ask(url, own=(url.scheme, url.netloc) == (first.scheme, first.netloc))
            target = response.headers["Location"] if response.status in _REDIRECTS else None
            if not (target and self._endpoint.follow_redirects):
                self._check(response)
                return
            url = urlsplit(urljoin(url.geturl(), target))
        raise ProbeFailedError(f"more than {REDIRECTS_LIMIT} redirects")

    def cut(self) -> None:
        """Whatever the thread waits for ends now."""
        self._over = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _ask(self, url: SplitResult, *, own: bool) -> HTTPResponse:
        """Headers are for the own server alone, not for where it sends us."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._connected(url)
        if self._over:
            raise ProbeFailedError("cut short")
        headers = {"User-Agent": USER_AGENT, **(_credentials(url) | self._endpoint.headers if own else {})}
        path = quote(url.path or "/", safe=_SAFE) + (f"?{quote(url.query, safe=_SAFE)}" if url.query else "")
        self._connection.request(self._endpoint.method, path, headers=headers)
        return self._connection.getresponse()

    def _connected(self, url: SplitResult) -> HTTPConnection:
        if url.scheme == "https":
            context = trust(self._endpoint.ca_certificate, verify=self._endpoint.verify_tls)
            return HTTPSConnection(url.hostname or "", url.port, timeout=self._timeout_seconds, context=context)
        if url.scheme != "http":
            raise ProbeFailedError(f"a redirect to {url.scheme[:20]!r}")
        return HTTPConnection(url.hostname or "", url.port, timeout=self._timeout_seconds)

    def _check(self, response: HTTPResponse) -> None:
        """What came is not shown: it may be anything."""
        expected = self._endpoint
        if not expected.expects(response.status):
            raise ProbeFailedError(f"status {response.status} instead of {expected.status}")
        if not (expected.body_contains or expected.body_matches):
            return
        body = _body(response)
        if expected.body_contains and expected.body_contains not in body:
            raise ProbeFailedError(f"the body does not contain {expected.body_contains[:80]!r}")
        if expected.body_matches and not re.search(expected.body_matches, body):
            raise ProbeFailedError(f"nothing in the body matches {expected.body_matches[:80]!r}")


def _credentials(url: SplitResult) -> dict[str, str]:
    if url.username is None:
        return {}
    pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _body(response: HTTPResponse) -> str:
    body = response.read(BODY_LIMIT_BYTES)
    try:
        return body.decode(response.headers.get_content_charset("utf-8"), errors="replace")
    except LookupError:  # a charset that nobody knows
        return body.decode(errors="replace")
