"""A scheduler with its runners, started once for the tests of a file."""

from collections.abc import Iterator

import pytest
from tests.conftest import RealServer
from tests.integration.scheduler.rig import Rig


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("programs")
    server = RealServer(folder / "redis")
    server.start()
    try:
        with Rig(folder, server.url) as rig:
            rig.start()
            yield rig
    finally:
        server.kill()
