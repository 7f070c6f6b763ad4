"""A worker that connects as its namespace's Redis user does all that it must, and reaches nothing else."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from tests.integration.worker.heavy_engine import NAMESPACE, HeavyEngine, await_condition, await_lines, lines

from scheduledtask_workloads.contract import RetryPolicy, RunState
from scheduledtask_workloads.contract.keys import EPOCH_KEY, FENCE_KEY, NAMESPACES_KEY, NamespaceKeys
from scheduledtask_workloads.contract.messages import NamespaceUser, WorkerSeen

USER = NamespaceUser(
    namespace=NAMESPACE,
    user=f"stask:{NAMESPACE}",
    password_sha256=hashlib.sha256(b"correct horse").hexdigest(),
)


def let_in(engine: HeavyEngine) -> str:
    """The user's URL."""
    assert not engine.let_in(USER)
    return f"redis://stask%3A{NAMESPACE}:correct%20horse@{engine.server.url.partition('@')[2]}"


def denials(engine: HeavyEngine) -> list[dict[str, Any]]:
    with redis.Redis.from_url(engine.server.url, decode_responses=True) as client:
        return [entry for entry in client.acl_log() if entry["reason"] != "auth"]


@pytest.fixture
def tenant(engine: HeavyEngine) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(let_in(engine)) as client:
        yield client


def test_it_runs_retries_cancels_attends_and_drains_without_a_denial(engine: HeavyEngine, tmp_path: Path) -> None:
    journal, calls = tmp_path / "journal", tmp_path / "calls"
    worker = engine.start_worker(let_in(engine))
    order = engine.submit(
        "fails-at-first", arguments={"path": str(calls)}, retry=RetryPolicy(limit=1, backoff_seconds=0.1)
    )
    assert engine.await_record(order, sweeping=True).failures == 1
    engine.submit("journals", arguments={"path": str(journal), "seconds": 4.5})  # longer than its visibility timeout
    await_lines(journal, 1, "end")
    hanging = engine.submit("hangs")
    worker.await_log("hangs-run")
    engine.cancel(hanging)
    assert engine.await_record(hanging).state is RunState.CANCELLED

    def drained() -> bool:
        engine.drain("pod-0")
        return engine.seen() == {"pod-0": WorkerSeen(host="pod-0", runs=0, draining=True)}

    await_condition(drained, lambda: str(engine.seen()))
    worker.terminate()
    assert worker.await_exit() == 0
    assert engine.seen() == {}
    assert denials(engine) == []
    assert len(lines(journal)) == 1


def test_it_outlives_a_server_that_forgot_its_user(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    worker = engine.start_worker(let_in(engine))
    order = engine.submit("journals", arguments={"path": str(journal), "seconds": 3.0})
    await_lines(journal)
    engine.server.restart()
    engine.stamp()
    worker.await_log("invalid username-password pair")
    let_in(engine)
    assert engine.await_record(order).attempts == 1
    assert engine.await_record(engine.submit("nothing")).state is RunState.SUCCEEDED
    assert denials(engine) == []


@pytest.mark.parametrize(
    "command",
    [
        ("GET", f"{NamespaceKeys('other').prefix}secret"),
        ("GET", f"{NamespaceKeys(NAMESPACE + '-two').prefix}secret"),
        ("SET", EPOCH_KEY, "mine"),
        ("DEL", EPOCH_KEY),
        ("GET", FENCE_KEY),
        ("SADD", NAMESPACES_KEY, "mine"),
        ("EVAL", f"return redis.call('GET', '{FENCE_KEY}')", "0"),
        ("RENAME", f"{NamespaceKeys(NAMESPACE).prefix}own", f"{NamespaceKeys('other').prefix}own"),
        ("PUBLISH", f"{NamespaceKeys('other').prefix}channel", "hello"),
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("SWAPDB", "0", "1"),
        ("CONFIG", "GET", "requirepass"),
        ("KEYS", "*"),
        ("SCAN", "0"),
        ("RANDOMKEY",),
        ("ACL", "LIST"),
        ("ACL", "SETUSER", "me"),
        ("CLIENT", "LIST"),
        ("CLIENT", "TRACKING", "on", "BCAST"),
        ("MONITOR",),
        ("SHUTDOWN",),
        ("SCRIPT", "FLUSH"),
        ("FUNCTION", "FLUSH"),
        ("REPLICAOF", "NO", "ONE"),
        ("PUBSUB", "CHANNELS"),
    ],
    ids=" ".join,
)
def test_it_is_denied(tenant: redis.Redis, command: tuple[str, ...]) -> None:
    tenant.set(f"{NamespaceKeys(NAMESPACE).prefix}own", "mine")
    with pytest.raises(redis.ResponseError, match=r"(?i)permission|NOPERM|can't run|can't access|No permissions"):
        tenant.execute_command(*command)


def test_it_reads_the_epoch_and_writes_its_own_keys(tenant: redis.Redis) -> None:
    own = f"{NamespaceKeys(NAMESPACE).celery_prefix}queue"
    assert tenant.get(EPOCH_KEY)
    assert tenant.lpush(own, "message") == 1
    assert tenant.publish(f"{own}.channel", "hello") == 0


def test_a_new_password_counts_for_new_connections(engine: HeavyEngine) -> None:
    url = let_in(engine)
    tenant = redis.Redis.from_url(url)
    assert tenant.ping()
    rotated = USER.model_copy(update={"password_sha256": hashlib.sha256(b"another").hexdigest()})
    assert engine.let_in(rotated) == ""
    assert tenant.ping()
    tenant.close()
    with redis.Redis.from_url(url) as late, pytest.raises(redis.AuthenticationError):
        late.ping()
