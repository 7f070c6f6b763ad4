"""What many tests need: a real Redis server of one's own."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings

from scheduledtask_operator.local.embedded_server import find_server, new_address, server_arguments

# A loaded machine is no failure: examples have no deadline, and slow data is no finding.
settings.register_profile("repository", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repository")

START_DEADLINE_SECONDS = 20.0


class RealServer:
    """A server on a port and a data folder of its own; it can be killed, frozen, started again and emptied."""

    def __init__(self, data_directory: Path) -> None:
        self._data_directory = data_directory
        self._address = new_address()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self._address.url

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        arguments = server_arguments(find_server(), self._address, self._data_directory)
        with (self._data_directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log)
        self._await_answer()

    def kill(self) -> None:
        """As a power cut would: SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def wipe(self) -> None:
        """Comes back empty, as a server that lost its disk would."""
        self.kill()
        for path in (self._data_directory / "appendonlydir").glob("*"):
            path.unlink()
        self.start()

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        with redis.Redis.from_url(self.url) as client:
            while time.monotonic() < deadline:
                try:
                    client.ping()
                except redis.RedisError:
                    time.sleep(0.01)
                else:
                    return
        raise AssertionError((self._data_directory / "server.log").read_text())


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RealServer]:
    server = RealServer(tmp_path / "redis")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(redis_server: RealServer) -> str:
    return redis_server.url
