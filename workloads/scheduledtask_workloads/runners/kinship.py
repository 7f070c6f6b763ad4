"""Processes that orphans fall to, and how orphans are ended."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Container

import psutil

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """From now on, descendants whose parent dies become children of this process (Linux alone; elsewhere of init)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_strays(known: Container[int]) -> int:
    """Kill and reap every child of this process that is not `known`, and what falls to us from those; their count."""
    count = 0
    while strays := [child.pid for child in psutil.Process().children() if child.pid not in known]:
        for pid in strays:
            _end(pid)
        count += len(strays)
    return count


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
