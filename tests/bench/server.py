"""A real server for one measurement, in a folder that goes away with it."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from scheduledtask_operator.local.embedded_server import find_server, new_address, server_arguments

START_DEADLINE_SECONDS = 20.0


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of a fresh server, with the append-only file on as in local mode."""
    with tempfile.TemporaryDirectory(prefix="scheduledtask-bench-") as folder:
        address = new_address()
        with (Path(folder) / "server.log").open("wb") as log:
            process = subprocess.Popen(
                server_arguments(find_server(), address, Path(folder) / "data"), stdout=log, stderr=log
            )
        try:
            _await_answer(address.url)
            yield address.url
        finally:
            process.terminate()
            process.wait()


def _await_answer(url: str) -> None:
    deadline = time.monotonic() + START_DEADLINE_SECONDS
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
            except redis.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return
