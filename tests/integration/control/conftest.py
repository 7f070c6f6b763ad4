"""A scheduler with its runners, started once for the tests of a file."""

from collections.abc import Iterator

import pytest
from tests.integration.scheduler.rig import Rig
from tests.redis_server import running_server

START_DEADLINE_SECONDS = 60.0  # a loaded machine takes its time over imports


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("programs")
    with running_server(folder / "redis") as server, Rig(folder, server.url) as rig:
        rig.start_runners()
        control = rig.start_scheduler()
        control.await_true(lambda: control.status().runners_connected, START_DEADLINE_SECONDS)
        yield rig
