"""A namespace's user on Redis 6.2, which has neither read-only keys nor rules about subcommands."""

import secrets
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import redis
from tests.integration.scheduler.rig import Rig
from tests.integration.worker.heavy_engine import NAMESPACE, HeavyEngine
from tests.services.packages import old_redis_programs
from tests.services.pool_workers import see_light_and_heavy_runs
from tests.services.redis_nodes import Node, free_ports

from scheduledtask_workloads.contract.keys import EPOCH_KEY, FENCE_KEY, NAMESPACES_KEY, NamespaceKeys
from scheduledtask_workloads.contract.messages import NamespaceUser

PASSWORD = "a password"  # noqa: S105
USER = NamespaceUser(
    namespace=NAMESPACE, user=f"stask:{NAMESPACE}", password_sha256=sha256(PASSWORD.encode()).hexdigest()
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Node]:
    node = Node(old_redis_programs(), tmp_path / "redis", free_ports(1)[0], secrets.token_urlsafe(12))
    node.start()
    yield node
    node.kill()


@pytest.fixture
def tenant(server: Node, tmp_path: Path) -> Iterator[redis.Redis]:
    engine = HeavyEngine(server, tmp_path)  # type: ignore[arg-type]
    engine.stamp()
    assert not engine.let_in(USER)
    with redis.Redis.from_url(server.endpoint.log_in_as(USER.user, PASSWORD).url, decode_responses=True) as client:
        yield client


def test_light_and_heavy_runs_go_their_way_without_a_denial(
    server: Node, rig_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Rig(rig_folder, server.url) as rig:
        monkeypatch.setenv("SCHEDULEDTASK_BODY_JOURNAL", str(rig.journal))
        see_light_and_heavy_runs(rig, server.endpoint, rig_folder)
    with server.client() as client:
        assert client.info("server")["redis_version"].startswith("6.2")
        assert [entry for entry in client.acl_log() if entry["reason"] != "auth"] == []


DENIED = [
    ("GET", f"{NamespaceKeys('other').prefix}secret"),
    ("GET", f"{NamespaceKeys(NAMESPACE + '-two').prefix}secret"),
    ("GET", FENCE_KEY),
    ("SADD", NAMESPACES_KEY, "mine"),
    ("EVAL", f"return redis.call('GET', '{FENCE_KEY}')", "0"),
    ("RENAME", f"{NamespaceKeys(NAMESPACE).prefix}own", f"{NamespaceKeys('other').prefix}own"),
    ("PUBLISH", f"{NamespaceKeys('other').prefix}channel", "hello"),
    *((name,) for name in ("FLUSHALL", "FLUSHDB", "RANDOMKEY", "MONITOR", "SHUTDOWN", "DBSIZE")),
    ("SWAPDB", "0", "1"),
    ("CONFIG", "GET", "requirepass"),
    ("KEYS", "*"),
    ("SCAN", "0"),
    ("ACL", "LIST"),
    ("CLIENT", "LIST"),
    ("SCRIPT", "FLUSH"),
    ("SCRIPT", "KILL"),
    ("REPLICAOF", "NO", "ONE"),
    ("PUBSUB", "CHANNELS"),
]


@pytest.mark.parametrize("command", DENIED, ids=" ".join)
def test_it_is_denied(tenant: redis.Redis, command: tuple[str, ...]) -> None:
    tenant.set(f"{NamespaceKeys(NAMESPACE).prefix}own", "mine")
    with pytest.raises(redis.ResponseError, match=r"permission|can't access|can't run"):
        tenant.execute_command(*command)


def test_the_epoch_it_could_write_too(tenant: redis.Redis) -> None:
    """As docs/redis.md says."""
    assert tenant.set(EPOCH_KEY, tenant.get(EPOCH_KEY))
