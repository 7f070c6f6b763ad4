from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.scheduler.rig import Rig


@pytest.fixture
def rig(tmp_path: Path, redis_url: str) -> Iterator[Rig]:
    with Rig(tmp_path, redis_url) as rig:
        yield rig
