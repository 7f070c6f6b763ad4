"""A namespace's Redis user: its password lies in a Secret there, and is the same after a restart."""

import asyncio
import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import Configuration
from tests.api_front import until
from tests.cluster.cluster import Api

from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.redis_users import RedisUsers
from scheduledtask_operator.manifests.worker_redis import WorkerRedis
from scheduledtask_workloads.contract.messages import NamespaceUser, NamespaceUserReady
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint

REDIS = "redis://redis.system.svc:6379/0"


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    name = f"users-{uuid4().hex[:8]}"
    api.kubectl("create", "namespace", name)
    yield name
    api.kubectl("delete", "namespace", name, "--wait=false")


async def connected(api: Api) -> Client:
    configuration = Configuration()
    await kubernetes_config.load_kube_config(
        config_file=str(api.kubeconfig), context=api.context, client_configuration=configuration
    )
    return Client(configuration)


async def told_user(api: Api, namespace: str, *, leads: bool = True, redis_url: str = REDIS) -> NamespaceUser | str:
    """What the scheduler is told, or the problem of a namespace that gets no user."""
    told: list[NamespaceUser] = []
    async with await connected(api) as client:
        users = RedisUsers(
            client,
            redis=WorkerRedis(RedisEndpoint.parse(redis_url)) if redis_url else None,
            put_user=told.append,
            remove_user=lambda _name: None,
            has_pods=lambda _name: True,
            leads=lambda: leads,
        )
        initial = users.problem(namespace)
        users.want(namespace)
        running = asyncio.create_task(users.run())
        try:
            await until(lambda: bool(told) or users.problem(namespace) != initial, "a user, or a problem")
        finally:
            running.cancel()
        if not told:
            return users.problem(namespace)
        assert users.problem(namespace)
        users.user_ready(NamespaceUserReady(namespace=namespace, user=told[0].user, problem="no such command"))
        assert "no such command" in users.problem(namespace)
        users.user_ready(NamespaceUserReady(namespace=namespace, user=told[0].user))
        assert users.problem(namespace) == ""
    return told[0]


def secret(api: Api, namespace: str) -> dict[str, str]:
    held = json.loads(api.kubectl("get", "secret", "stask-redis", f"--namespace={namespace}", "--output=json"))
    return {key: base64.b64decode(value).decode() for key, value in held["data"].items()}


def url_in_secret(api: Api, namespace: str) -> str:
    return secret(api, namespace)["url"]


def test_the_scheduler_hears_the_hash_of_the_password_that_lies_in_the_secret(api: Api, namespace: str) -> None:
    user = asyncio.run(told_user(api, namespace))
    parts = urlsplit(url_in_secret(api, namespace))

    assert isinstance(user, NamespaceUser)
    assert user.user == f"stask:{namespace}"
    assert parts.username == f"stask%3A{namespace}"
    assert parts.hostname == "redis.system.svc"
    assert user.password_sha256 == sha256((parts.password or "").encode()).hexdigest()


def test_after_a_restart_the_password_is_the_same_and_a_new_address_is_written(api: Api, namespace: str) -> None:
    first = asyncio.run(told_user(api, namespace))
    second = asyncio.run(told_user(api, namespace, redis_url="redis://elsewhere:6379/1"))

    assert first == second
    assert url_in_secret(api, namespace).endswith("@elsewhere:6379/1")


def test_who_does_not_lead_makes_no_secret(api: Api, namespace: str) -> None:
    assert "the leader" in str(asyncio.run(told_user(api, namespace, leads=False)))
    assert "stask-redis" not in api.kubectl("get", "secrets", f"--namespace={namespace}")


def test_without_an_address_the_problem_says_which_option_is_missing(api: Api, namespace: str) -> None:
    problem = asyncio.run(told_user(api, namespace, redis_url=""))

    assert "--worker-redis-url" in str(problem)


def test_sentinels_and_the_authorities_that_vouch_for_them_reach_the_secret(api: Api, namespace: str) -> None:
    url = "sentinels://one:26379,two:26379/0?master=tasks&sentinel_password=watch"
    asyncio.run(written(api, namespace, WorkerRedis(RedisEndpoint.parse(url), authorities="-----PEM-----")))
    held = secret(api, namespace)
    endpoint = RedisEndpoint.parse(held["url"])

    assert held["ca.crt"] == "-----PEM-----"
    assert endpoint.credentials.username == f"stask:{namespace}"
    assert endpoint.log_in_as("", "") == RedisEndpoint.parse(url)


def test_one_given_user_is_that_of_every_namespace_and_redis_is_not_asked(api: Api, namespace: str) -> None:
    url = "rediss://workers:given@managed:6380/2"

    told = asyncio.run(written(api, namespace, WorkerRedis(RedisEndpoint.parse(url), as_given=True)))

    assert told == []
    assert secret(api, namespace) == {"url": url}


async def written(api: Api, namespace: str, redis: WorkerRedis) -> list[NamespaceUser]:
    """What the scheduler is told until the namespace has no problem any more, or waits for the scheduler."""
    told: list[NamespaceUser] = []
    async with await connected(api) as client:
        users = RedisUsers(
            client,
            redis=redis,
            put_user=told.append,
            remove_user=lambda _name: None,
            has_pods=lambda _name: True,
            leads=lambda: True,
        )
        users.want(namespace)
        running = asyncio.create_task(users.run())
        try:
            await until(lambda: bool(told) or not users.problem(namespace), "a user, or no problem")
        finally:
            running.cancel()
    return told
