"""`python -m tests.cluster.watchdog FOLDER`: ends the processes of a folder when who started them is gone.

It waits for the end of standard input, which comes whatever the way its starter ends: a test run that is killed takes
its etcd and API server along. Signals to the starter's group do not reach it: it has a session of its own.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.processes import Processes

ROOT = Path(__file__).parents[2]


@contextmanager
def ended_with_us(folder: Path) -> Iterator[Processes]:
    """Processes that end with the block or with this process; `folder`, which has their records, goes too."""
    command = [sys.executable, "-m", "tests.cluster.watchdog", str(folder.resolve())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, cwd=ROOT):
        yield _processes(folder)


def _processes(folder: Path) -> Processes:
    return Processes(folder / "processes")


def main(folder: Path) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    processes = _processes(folder)
    processes.stop(*processes.names())
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
