"""Heavy runs, with real workers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.worker.heavy_engine import HeavyEngine
from tests.redis_server import RealServer


@pytest.fixture
def engine(redis_server: RealServer, tmp_path: Path) -> Iterator[HeavyEngine]:
    engine = HeavyEngine(redis_server, tmp_path)
    engine.stamp()
    yield engine
    engine.stop()
