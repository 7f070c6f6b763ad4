"""Real servers with what production has: TLS, Sentinels, PostgreSQL. The tests start them, and end them."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.scheduler.rig import Rig
from tests.services.certificates import Certificates, make_certificates
from tests.services.packages import redis_programs
from tests.services.redis_nodes import Node, Sentinels, free_ports

from scheduledtask_workloads.contract.environment import REDIS_CA_FILE_VARIABLE


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls_server(tmp_path: Path, certificates: Certificates) -> Iterator[Node]:
    node = Node(redis_programs(), tmp_path / "redis", free_ports(1)[0], secrets.token_urlsafe(12), certificates)
    node.start()
    yield node
    node.kill()


@pytest.fixture
def sentinels(tmp_path: Path, certificates: Certificates) -> Iterator[Sentinels]:
    group = Sentinels(redis_programs(), tmp_path / "redis", certificates)
    try:
        group.start()
        yield group
    finally:
        group.stop()


@pytest.fixture
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs that a test starts trust the tests' authority."""
    monkeypatch.setenv(REDIS_CA_FILE_VARIABLE, str(certificates.ca))


@pytest.fixture
def rig_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rig"
    folder.mkdir()
    return folder


@pytest.fixture
def tls_rig(rig_folder: Path, tls_server: Node, trusted: None) -> Iterator[Rig]:
    with Rig(rig_folder, tls_server.url) as rig:
        yield rig


@pytest.fixture
def sentinel_rig(rig_folder: Path, sentinels: Sentinels, trusted: None) -> Iterator[Rig]:
    with Rig(rig_folder, sentinels.url) as rig:
        yield rig
