"""`kill_tree` ends a process with everything it started, and `die_with_parent` a child with its host."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from scheduledtask_workloads.execution import MemoryGuard, kill_tree, tree_memory_bytes

DEADLINE_SECONDS = 20.0

# Says its own id, its child's and that of an orphan in its session; deaf to SIGTERM when asked to be.
FAMILY = """
import os, signal, subprocess, sys, time
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
child = subprocess.Popen(sleep)
between = subprocess.Popen(
    [sys.executable, "-c", f"import subprocess; print(subprocess.Popen({sleep!r}).pid, flush=True)"],
    stdout=subprocess.PIPE,
)
orphan = between.stdout.readline().decode().strip()
between.wait()
print(os.getpid(), child.pid, orphan, flush=True)
time.sleep(600)
"""

HOST = """
import os, sys, time
from scheduledtask_workloads.execution import die_with_parent
host = os.getpid()
if not os.fork():
    die_with_parent(host)
    print(os.getpid(), flush=True)
    time.sleep(600)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def await_end(pids: list[int]) -> list[int]:
    """Those that still live at the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return list(filter(is_alive, pids))


@pytest.fixture(params=["polite", "deaf"])
def family(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", FAMILY, request.param], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    pids = [int(word) for word in process.stdout.readline().split()]
    yield process, pids
    for pid in filter(is_alive, pids):
        os.kill(pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def test_children_and_orphans_of_the_session_go_with_the_process(
    family: tuple[subprocess.Popen[bytes], list[int]],
) -> None:
    process, pids = family
    assert all(map(is_alive, pids))

    kill_tree(process.pid, grace_seconds=0.3)

    assert len(pids) == 3
    assert await_end(pids) == []
    assert process.wait() in {-signal.SIGTERM, -signal.SIGKILL}


def test_a_tree_without_its_root_is_still_found(family: tuple[subprocess.Popen[bytes], list[int]]) -> None:
    process, pids = family
    process.kill()
    process.wait()

    kill_tree(process.pid, grace_seconds=0.0)

    assert await_end(pids) == []


def test_memory_is_that_of_the_tree(family: tuple[subprocess.Popen[bytes], list[int]]) -> None:
    process, pids = family
    guard = MemoryGuard(process.pid, limit_bytes=1)
    own_bytes = psutil.Process(process.pid).memory_info().rss

    assert guard.sample()
    assert guard.peak_bytes >= tree_memory_bytes(pids[1]) + own_bytes
    assert not MemoryGuard(process.pid).sample()


def test_nobody_has_no_memory() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    guard = MemoryGuard(process.pid, limit_bytes=1)

    assert not guard.sample()
    assert guard.peak_bytes == 0
    kill_tree(process.pid)


def test_a_child_dies_with_a_host_that_is_killed() -> None:
    host = subprocess.Popen([sys.executable, "-c", HOST], stdout=subprocess.PIPE)
    assert host.stdout is not None
    child = int(host.stdout.readline())
    assert is_alive(child)
    host.kill()
    host.wait()
    host.stdout.close()

    assert await_end([child]) == []
