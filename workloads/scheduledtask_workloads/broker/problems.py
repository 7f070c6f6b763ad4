"""What keeps a program from its Redis that no waiting mends, in a person's words."""

import ssl
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from scheduledtask_workloads.broker.connections import connect, sentinel_client
from scheduledtask_workloads.contract.redis_endpoint import Host, RedisEndpoint

TIMEOUT_SECONDS = 2.0

_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")  # OpenSSL's words, by version


def endpoint_problem(endpoint: RedisEndpoint) -> str:
    """Asks it once, for some seconds at most; empty when it answers, and when it merely is away.

    Told are: a certificate that the CAs do not vouch for, a server without TLS, a master that the Sentinels do not
    know.
    """
    return (_sentinels_problem(endpoint) if endpoint.master else "") or _problem_with(
        endpoint, str(endpoint), lambda: _ping(endpoint)
    )


def _ping(endpoint: RedisEndpoint) -> None:
    with connect(
        endpoint,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), retries=0),
    ) as client:
        client.ping()


def _sentinels_problem(endpoint: RedisEndpoint) -> str:
    """Empty when one of them knows the master, or none answers."""
    known: set[str] = set()
    problems = [
        _problem_with(endpoint, f"the Sentinel {host}", partial(_ask_masters, endpoint, host, known))
        for host in endpoint.hosts
    ]
    if endpoint.master in known:
        return ""
    if known:
        names = ", ".join(sorted(known))
        return f"no Sentinel knows a master named {endpoint.master!r}, only {names}; correct ?master= in the Redis URL"
    return next((problem for problem in problems if problem), "")


def _ask_masters(endpoint: RedisEndpoint, host: Host, known: set[str]) -> None:
    """Adds the names that a Sentinel knows."""
    with sentinel_client(endpoint, host) as client:
        masters: dict[str, Any] = client.sentinel_masters()
        known.update(masters)


def _problem_with(endpoint: RedisEndpoint, who: str, ask: Callable[[], None]) -> str:
    try:
        ask()
    except (redis.RedisError, OSError) as error:
        return next((problem for each in _chain(error) if (problem := _words_for(endpoint, who, each))), "")
    return ""


def _words_for(endpoint: RedisEndpoint, who: str, error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        authority = f"the CA file {endpoint.ca_file}" if endpoint.ca_file else "the system's CAs (no CA file is given)"
        return f"the certificate of {who} is not accepted under {authority}: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return f"{who} does not speak TLS; write redis:// or sentinel:// if that is meant"
    return ""


def login_problem(endpoint: RedisEndpoint, error: BaseException) -> str:
    """Whether a call failed since the login was refused. A namespace's user may come a moment after its worker."""
    if any(isinstance(each, redis.AuthenticationError) for each in _chain(error)):
        user = endpoint.credentials.username or "default"
        return f"{endpoint} refuses the login as user {user!r}: correct the user and the password in the Redis URL"
    return ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, the innermost last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
