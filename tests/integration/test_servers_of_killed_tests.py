"""A test run that is killed leaves no Redis server behind."""

import subprocess
import sys
from pathlib import Path

from tests.runners_driver import await_true, is_alive

STARTER = """
import sys, time
from pathlib import Path
from tests.redis_server import running_server
with running_server(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    time.sleep(600)
"""


def test_a_server_dies_with_who_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path / "redis")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as starter:
        try:
            assert starter.stdout is not None
            server_pid = int(starter.stdout.readline())
            assert is_alive(server_pid)
        finally:
            starter.kill()

    await_true(lambda: not is_alive(server_pid), "the server is gone")
