"""What many tests need: a real Redis server of one's own, a real API server."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.cluster.api_server import api_server
from tests.cluster.cluster import Api
from tests.cluster.commands import wait_until
from tests.cluster.errors import CommandFailedError
from tests.redis_server import RealServer, running_server

CRDS = Path(__file__).parents[1] / "crds"

# A loaded machine is no failure: examples have no deadline, and slow data is no finding.
settings.register_profile("repository", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repository")


def pytest_configure() -> None:
    """Whoever starts tests in the background of a shell has SIGINT ignored, which every program here would inherit."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RealServer]:
    with running_server(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RealServer) -> str:
    return redis_server.url


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    """An API server alone, with our CRDs established."""
    with api_server() as server:
        establish_definitions(server)
        yield server


def establish_definitions(server: Api) -> None:
    """Of our CRDs; returns when kubectl knows them."""
    server.kubectl("apply", f"--filename={CRDS}")
    # Later than Established: what short names and `explain` are read from is published in the background.
    wait_until("the CRDs' discovery", lambda: explains(server), timeout_seconds=60)


def explains(server: Api) -> bool:
    try:
        server.kubectl("explain", "stask.spec")
    except CommandFailedError:
        return False
    return True
