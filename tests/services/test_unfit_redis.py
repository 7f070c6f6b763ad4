"""A server that may evict, or is too old, is told with what is to be set; and is no longer when that is done."""

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.scheduler.rig import Rig
from tests.services.packages import Programs, redis_programs
from tests.services.redis_nodes import Node, free_ports
from tests.status_values import NOW, light

from scheduledtask_operator.control.status_document import status_document


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Node]:
    node = Node(redis_programs(), tmp_path / "redis", free_ports(1)[0], secrets.token_urlsafe(12))
    node.start()
    yield node
    node.kill()


def degraded(problem: str) -> str:
    """What the resources say."""
    written = status_document(light(redis_problem=problem), {}, NOW)
    (found,) = [condition for condition in written["conditions"] if condition["type"] == "Degraded"]
    return f"{found['status']} {found['reason']}: {found['message']}"


def test_one_that_evicts_is_told_until_it_does_not(rig_folder: Path, server: Node) -> None:
    with server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    with Rig(rig_folder, server.url) as rig:
        control = rig.start_scheduler()
        control.await_true(lambda: control.status().redis_problem)

        said = degraded(control.status().redis_problem)
        assert said.startswith("True RedisUnfit: Redis has maxmemory-policy allkeys-lru")
        assert said.endswith("set it to noeviction")
        assert rig.log.count("Redis needs mending") == 1

        with server.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
        control.await_true(lambda: not control.status().redis_problem)
        assert "Redis is as it should be" in rig.log


def test_a_replacement_that_evicts_is_told_too(rig_folder: Path, server: Node) -> None:
    with Rig(rig_folder, server.url) as rig:
        control = rig.start_scheduler()
        control.await_true(lambda: control.status().redis_reachable)
        assert not control.status().redis_problem

        server.kill()
        (server.folder / "node.conf").unlink()
        server.options = {"maxmemory-policy": "volatile-ttl"}
        server.start()

        control.await_true(lambda: "volatile-ttl" in control.status().redis_problem)


def test_one_that_is_too_old_is_told_with_its_version(rig_folder: Path, server: Node, tmp_path: Path) -> None:
    """Nobody packages one that old any more; this is a copy that calls itself so."""
    server.kill()
    server.programs = renamed(server.programs, tmp_path / "old", b"6.0.16")
    server.start()
    with Rig(rig_folder, server.url) as rig:
        control = rig.start_scheduler()
        control.await_true(lambda: control.status().redis_problem)

    assert degraded(control.status().redis_problem) == (
        "True RedisUnfit: Redis is version 6.0.16; use 6.2 or newer, or Valkey"
    )


def renamed(programs: Programs, folder: Path, version: bytes) -> Programs:
    """The same server under another version."""
    folder.mkdir()
    original = programs.path("redis-server")
    told = subprocess.run([original, "--version"], capture_output=True, check=True, env=programs.environment).stdout
    found = told.partition(b" v=")[2].split()[0]
    copy = folder / "redis-server"
    copy.write_bytes(Path(original).read_bytes().replace(b"\0" + found + b"\0", b"\0" + version + b"\0"))
    copy.chmod(0o755)
    return Programs(folder, programs.environment)
