"""A scheduler with its runners, started once for the tests of a file."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from tests.integration.control.requests_loop import Play, RequestsLoop, Scenario
from tests.integration.scheduler.rig import MISBEHAVING, Rig
from tests.redis_server import running_server

from scheduledtask_operator.local.catalog_child import ChildCatalog

START_DEADLINE_SECONDS = 60.0  # a loaded machine takes its time over imports


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("programs")
    with running_server(folder / "redis") as server, Rig(folder, server.url) as rig:
        rig.start_runners()
        control = rig.start_scheduler()
        control.await_true(lambda: control.status().runners_connected, START_DEADLINE_SECONDS)
        yield rig


@pytest.fixture
def play(programs: Rig) -> Play:
    """Runs a scenario, which may begin any number of control planes, one after the other."""

    async def whole(scenario: Scenario) -> None:
        catalog = ChildCatalog({**os.environ, "SCHEDULEDTASK_PROJECT": str(MISBEHAVING)})
        await catalog.adopt(await catalog.read())
        try:
            await scenario(lambda objects, term: RequestsLoop(programs.control_socket, objects, catalog, term))
        finally:
            await catalog.close()

    return lambda scenario: asyncio.run(whole(scenario))
