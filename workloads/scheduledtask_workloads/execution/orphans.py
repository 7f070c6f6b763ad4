"""What a body started and left: it falls to the nearest process that adopts orphans, and is ended there."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Container
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """From now on, descendants whose parent dies become children of this process (Linux alone; elsewhere of init)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_strays(known: Container[int]) -> None:
    """Kill and reap every child of this process that is not `known`, and what falls to us from those."""
    while strays := [pid for pid in _children() if pid not in known]:
        for pid in strays:
            _end(pid)


def _children() -> list[int]:
    """Of this process, by whichever of its threads they are; zombies too.

    The kernel's own lists are much cheaper than a look at all processes, and complete as long as nobody else reaps.
    """
    try:
        threads = list(Path(f"/proc/{os.getpid()}/task").iterdir())
        lists = [thread.joinpath("children").read_text(encoding="ascii") for thread in threads]
    except OSError:  # not Linux, built without CONFIG_PROC_CHILDREN, or a thread has just ended
        return [child.pid for child in psutil.Process().children()]
    return [int(pid) for pids in lists for pid in pids.split()]


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
