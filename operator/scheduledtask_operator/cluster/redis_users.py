"""The Redis user of each namespace with heavy tasks: its Secret, and whether Redis knows it.

The password is made here and lies in the namespace's Secret; the scheduler hears only its hash.
"""

import asyncio
import base64
import binascii
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from scheduledtask_operator.cluster.client import Client, object_path
from scheduledtask_operator.cluster.errors import ApiError, ClusterError
from scheduledtask_operator.control.ports import PoolKey, Pools, PoolWorkers
from scheduledtask_operator.decisions.sizing import PoolShape
from scheduledtask_operator.manifests.naming import REDIS_CA_KEY, REDIS_SECRET, REDIS_SECRET_KEY
from scheduledtask_operator.manifests.worker_redis import WorkerRedis, redis_secret
from scheduledtask_workloads.contract.messages import NamespaceUser, NamespaceUserReady
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint, RedisEndpointError

PASSWORD_BYTES = 32
LOOK_SECONDS = 1.0
RETRY_SECONDS = 5.0
UNWANTED_SECONDS = 30.0  # since nobody asked for a pool; one that is made anew meanwhile finds its user
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _User:
    """`problem` is empty when Redis knows it."""

    problem: str = "its Redis user is being made"
    is_told: bool = False
    not_before: float = 0.0
    wanted_at: float = 0.0


class RedisUsers:
    """`want` a namespace's user again and again, feed in `user_ready`, and keep `run` running.

    The leader alone makes Secrets, and has a user removed that nobody wants any more, after the last worker's pod.
    """

    def __init__(
        self,
        client: Client,
        *,
        redis: WorkerRedis | None,
        put_user: Callable[[NamespaceUser], None],
        remove_user: Callable[[str], None],
        has_pods: Callable[[str], bool],
        leads: Callable[[], bool],
        unwanted_seconds: float = UNWANTED_SECONDS,
    ) -> None:
        """`redis` is None where no worker can be given one; `has_pods` says it of a namespace's workers.

        `unwanted_seconds` after the last `want`, a namespace's user goes.
        """
        self._client = client
        self._redis = redis
        self._put_user = put_user
        self._remove_user = remove_user
        self._has_pods = has_pods
        self._leads = leads
        self._unwanted_seconds = unwanted_seconds
        self._users: dict[str, _User] = {}

    def want(self, namespace: str) -> None:
        user = self._users.setdefault(namespace, _User())
        user.wanted_at = asyncio.get_running_loop().time()

    def namespace_terminating(self, namespace: str) -> None:
        """Its workers still need theirs."""

    def namespace_gone(self, namespace: str) -> None:
        """Its Secret is gone with it."""
        if self._users.pop(namespace, None) is not None:
            self._remove_user(namespace)

    def problem(self, namespace: str) -> str:
        """Why no worker of that namespace can reach Redis yet; empty when it can."""
        user = self._users.get(namespace)
        return user.problem if user else _User().problem

    def user_ready(self, message: NamespaceUserReady) -> None:
        user = self._users.get(message.namespace)
        if user is not None:
            user.problem = f"Redis refuses its user: {message.problem}" if message.problem else ""

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for namespace, user in list(self._users.items()):
                if not user.is_told and loop.time() >= user.not_before:
                    user.not_before = loop.time() + RETRY_SECONDS
                    await self._look_at(namespace, user)
            self.remove_unwanted(loop.time())
            await asyncio.sleep(LOOK_SECONDS)

    def remove_unwanted(self, now: float) -> None:
        """Those that no pool has wanted for a while; `now` as the loop's clock has it.

        The Secret stays for the next worker there; without a user its password opens nothing.
        """
        for namespace, user in list(self._users.items()):
            self._remove_where_unwanted(namespace, user, now)

    def _remove_where_unwanted(self, namespace: str, user: _User, now: float) -> None:
        if not self._leads():
            user.wanted_at = now
        elif now - user.wanted_at > self._unwanted_seconds and not self._has_pods(namespace):
            logger.info("the Redis user of a namespace without workers goes", extra={"namespace": namespace})
            self.namespace_gone(namespace)

    async def _look_at(self, namespace: str, user: _User) -> None:
        if self._redis is None:
            user.problem = "the operator has no --worker-redis-url to give to workers"
            return
        try:
            password = await self._password(namespace, self._redis)
        except ClusterError as error:
            user.problem = f"the Secret of its Redis user cannot be made: {error}"
            logger.warning("%s", user.problem, extra={"namespace": namespace})
            return
        if not password:
            user.problem = "the leader is to make the Secret of its Redis user"
            return
        user.is_told = True
        if self._redis.as_given:
            user.problem = ""
            return
        digest = sha256(password.encode()).hexdigest()
        self._put_user(NamespaceUser(namespace=namespace, user=user_of(namespace), password_sha256=digest))

    async def _password(self, namespace: str, redis: WorkerRedis) -> str:
        """Of the namespace's Secret, which is made or brought up to date; empty when the leader is to make it."""
        path = object_path("v1", "secrets", namespace=namespace, name=REDIS_SECRET)
        held = await self._read(path)
        password = _password_in(held.get(REDIS_SECRET_KEY, ""))
        if not self._leads():
            return password
        endpoint = redis.endpoint
        if not redis.as_given:
            endpoint = endpoint.log_in_as(user_of(namespace), password or secrets.token_urlsafe(PASSWORD_BYTES))
        if (endpoint.url, redis.authorities) != (held.get(REDIS_SECRET_KEY), held.get(REDIS_CA_KEY, "")):
            await self._client.apply(path, redis_secret(namespace, endpoint.url, redis.authorities))
        return endpoint.credentials.password

    async def _read(self, path: str) -> dict[str, str]:
        """What a Secret holds; nothing where there is none."""
        try:
            held = await self._client.get(path)
        except ApiError as error:
            if error.is_missing:
                return {}
            raise
        return {key: _decoded(value) for key, value in (held.get("data") or {}).items()}


class PoolsWithUsers:
    """Pools whose workers wait until Redis knows their user: before, they could only fail."""

    def __init__(self, pools: Pools, users: RedisUsers) -> None:
        self._pools = pools
        self._users = users

    def observe(self, pool: PoolKey) -> PoolWorkers:
        return self._pools.observe(pool)

    async def set_replicas(self, pool: PoolKey, replicas: int) -> None:
        rises = replicas > self._pools.observe(pool).replicas
        if not (rises and self._users.problem(pool.namespace)):
            await self._pools.set_replicas(pool, replicas)

    async def shape(self, pool: PoolKey, shape: PoolShape) -> None:
        self._users.want(pool.namespace)
        await self._pools.shape(pool, shape)

    async def forget(self, pool: PoolKey) -> None:
        await self._pools.forget(pool)

    def problem(self, pool: PoolKey) -> str:
        return self._pools.problem(pool) or self._users.problem(pool.namespace)


def user_of(namespace: str) -> str:
    return f"stask:{namespace}"


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _password_in(url: str) -> str:
    """Somebody may have written anything there."""
    try:
        return RedisEndpoint.parse(url).credentials.password
    except RedisEndpointError:
        return ""
