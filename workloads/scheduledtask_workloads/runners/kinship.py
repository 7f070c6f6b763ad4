"""Processes that orphans fall to, and how orphans are ended."""

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


def end_strays(known: Container[int]) -> int:
    """Kill and reap every child of this process that is not `known`, and what falls to us from those; their count."""
    count = 0
    while strays := [pid for pid in _children() if pid not in known]:
        for pid in strays:
            _end(pid)
        count += len(strays)
    return count


def _children() -> list[int]:
    """Of this process, which has one thread; zombies too.

    The kernel's own list is much cheaper than a look at all processes, and complete as long as nobody else reaps.
    """
    own_pid = os.getpid()
    try:
        return [
            int(pid) for pid in Path(f"/proc/{own_pid}/task/{own_pid}/children").read_text(encoding="ascii").split()
        ]
    except OSError:  # not Linux, or built without CONFIG_PROC_CHILDREN
        return [child.pid for child in psutil.Process().children()]


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
