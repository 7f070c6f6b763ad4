"""The namespaces' Redis users on the replicas that the Sentinels name, so that one which takes over knows them already.

ACL users do not replicate.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

import redis
import redis.asyncio

from scheduledtask_workloads.broker import node_client
from scheduledtask_workloads.contract.messages import NamespaceUser
from scheduledtask_workloads.contract.redis_endpoint import Host, RedisEndpoint
from scheduledtask_workloads.ledger import LedgerAccess, LedgerUnreachable, access_of

TIMEOUT_SECONDS = 1.0
BATCH = 100

logger = logging.getLogger(__name__)


class ReplicaUsers:
    """Does nothing where no Sentinels are; `client` is the scheduler's own."""

    def __init__(self, client: redis.asyncio.Redis, endpoint: RedisEndpoint) -> None:
        self._endpoint = endpoint
        self._sentinel: Any = getattr(client.connection_pool, "sentinel_manager", None)
        self._clients: dict[Host, redis.asyncio.Redis] = {}
        self._done: dict[Host, tuple[str, int]] = {}

    async def bring_up_to_date(self, users: Sequence[NamespaceUser], removed: Collection[str], revision: int) -> None:
        """`revision` is another one whenever `users` or `removed` are others. What fails is left for the next call."""
        if self._sentinel is None:
            return
        hosts = await self._replicas()
        await self._close({host for host in self._clients if host not in hosts})
        for host in hosts:
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await self._bring(host, users, removed, revision)
            except (TimeoutError, LedgerUnreachable) as error:
                self._done.pop(host, None)
                logger.debug("the replica %s does not know the workers' users yet: %s", host, error)

    async def close(self) -> None:
        await self._close(set(self._clients))

    async def _replicas(self) -> list[Host]:
        try:
            found = await self._sentinel.discover_slaves(self._endpoint.master)
        except (redis.RedisError, OSError):
            return []
        return [Host(*address) for address in found]

    async def _bring(self, host: Host, users: Sequence[NamespaceUser], removed: Collection[str], revision: int) -> None:
        access = self._access(host)
        server = await access.server()
        if self._done.get(host) == (server.run_id, revision):
            return
        pending = iter(users)
        while batch := list(islice(pending, BATCH)):
            await access.let_in(batch, server.version)
        for user in removed:
            await access.shut_out(user)
        self._done[host] = (server.run_id, revision)

    def _access(self, host: Host) -> LedgerAccess:
        client = self._clients.get(host)
        if client is None:
            client = self._clients[host] = node_client(
                self._endpoint, host, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
            )
        return access_of(client)

    async def _close(self, hosts: Collection[Host]) -> None:
        for host in hosts:
            self._done.pop(host, None)
            await self._clients.pop(host).aclose()
