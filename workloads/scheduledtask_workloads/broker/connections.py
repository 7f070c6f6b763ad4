"""Clients of one Redis endpoint, for both of redis-py's worlds and for Celery.

Behind Sentinels each new connection asks them for the master first, so a client finds a new one by itself as soon as
its connections to the old one have broken.
"""

from typing import Any
from urllib.parse import quote

import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel

from scheduledtask_workloads.contract.redis_endpoint import Credentials, Host, RedisEndpoint

SENTINEL_TIMEOUT_SECONDS = 0.5
"""A Sentinel that is away holds up a new connection by so much, before the next one is asked."""


def connect(endpoint: RedisEndpoint, **options: Any) -> redis.Redis:
    """A client that has not connected yet. `options` are those of its connections, timeouts above all."""
    kwargs = _server_options(endpoint) | options
    if endpoint.master:
        sentinel: Any = redis.sentinel.Sentinel  # has no types
        master: redis.Redis = sentinel(
            list(endpoint.hosts), sentinel_kwargs=_sentinel_options(endpoint), **kwargs
        ).master_for(endpoint.master)
        return master
    (host,) = endpoint.hosts
    return redis.Redis(host=host.name, port=host.port, **kwargs)


def connect_async(endpoint: RedisEndpoint, **options: Any) -> redis.asyncio.Redis:
    """The same for asyncio; end it with `close_async`."""
    kwargs = _server_options(endpoint) | options
    if endpoint.master:
        sentinel: Any = redis.asyncio.sentinel.Sentinel  # has no types
        master: redis.asyncio.Redis = sentinel(
            list(endpoint.hosts), sentinel_kwargs=_sentinel_options(endpoint), **kwargs
        ).master_for(endpoint.master)
        return master
    (host,) = endpoint.hosts
    return node_client(endpoint, host, **options)


def sentinel_client(endpoint: RedisEndpoint, host: Host) -> redis.Redis:
    """Of one Sentinel."""
    return redis.Redis(host=host.name, port=host.port, **_sentinel_options(endpoint))


def node_client(endpoint: RedisEndpoint, host: Host, **options: Any) -> redis.asyncio.Redis:
    """Of one server, whatever its role, with the endpoint's credentials and CAs."""
    return redis.asyncio.Redis(host=host.name, port=host.port, **(_server_options(endpoint) | options))


async def close_async(client: redis.asyncio.Redis) -> None:
    """And what it has open to Sentinels."""
    await client.aclose()
    sentinel = getattr(client.connection_pool, "sentinel_manager", None)
    if sentinel is not None:
        await sentinel.aclose()


def celery_settings(endpoint: RedisEndpoint) -> dict[str, Any]:
    """`broker_url`, `broker_use_ssl`, and what `broker_transport_options` need beside those of the pool.

    kombu starts each attempt to connect from the next Sentinel's URL, so each carries the whole.
    """
    credentials = endpoint.credentials
    login = ":".join(quote(part, safe="") for part in (credentials.username, credentials.password))
    at = f"{login}@" if credentials != Credentials() else ""
    scheme = "sentinel" if endpoint.master else "redis"
    return {
        "broker_url": ";".join(f"{scheme}://{at}{host}/{endpoint.database}" for host in endpoint.hosts),
        "broker_use_ssl": _tls_options(endpoint) or None,
        "broker_transport_options": (
            {"master_name": endpoint.master, "sentinel_kwargs": _sentinel_options(endpoint)} if endpoint.master else {}
        ),
    }


def _server_options(endpoint: RedisEndpoint) -> dict[str, Any]:
    tls = {"ssl": True, **_tls_options(endpoint)} if endpoint.tls else {}
    return {"db": endpoint.database, **_login(endpoint.credentials), **tls}


def _sentinel_options(endpoint: RedisEndpoint) -> dict[str, Any]:
    """They have one database, and users of their own.

    Without redis-py's own retries, which take four seconds of each Sentinel that is away: who asks does so again.
    """
    tls = {"ssl": True, **_tls_options(endpoint)} if endpoint.tls else {}
    return {
        "retry": None,
        "socket_timeout": SENTINEL_TIMEOUT_SECONDS,
        "socket_connect_timeout": SENTINEL_TIMEOUT_SECONDS,
        **_login(endpoint.sentinel_credentials),
        **tls,
    }


def _tls_options(endpoint: RedisEndpoint) -> dict[str, Any]:
    """Certificate and host name are checked, always."""
    if not endpoint.tls:
        return {}
    authorities = {"ssl_ca_certs": str(endpoint.ca_file)} if endpoint.ca_file else {}
    return {"ssl_cert_reqs": "required", "ssl_check_hostname": True, **authorities}


def _login(credentials: Credentials) -> dict[str, Any]:
    return {"username": credentials.username or None, "password": credentials.password or None}
