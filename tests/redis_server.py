"""A real Redis server of one's own, for a test or a measurement."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import redis

from scheduledtask_operator.local.embedded_server import find_server, held_port, new_address, server_arguments
from scheduledtask_workloads.execution import die_with_parent

START_DEADLINE_SECONDS = 20.0


class RealServer:
    """A server on a port and a data folder of its own; it can be killed, frozen, started again and emptied.

    It ends with the thread that started it, also where that is killed, as the main thread of a test run may be.
    Its port is its own until `close`, also while no server runs.
    """

    def __init__(self, data_directory: Path) -> None:
        self._data_directory = data_directory
        self._port = ExitStack()
        self._address = new_address(self._port.enter_context(held_port()))
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
            bind = partial(die_with_parent, os.getpid()) if sys.platform == "linux" else None
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log, preexec_fn=bind)
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

    def close(self) -> None:
        """For good: another may have its port."""
        self.kill()
        self._port.close()

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


@contextmanager
def running_server(data_directory: Path | None = None) -> Iterator[RealServer]:
    """One that has started, in a folder that goes away with it unless one is named."""
    with tempfile.TemporaryDirectory(prefix="scheduledtask-redis-") as folder:
        server = RealServer(data_directory or Path(folder) / "data")
        try:
            server.start()
            yield server
        finally:
            server.close()
