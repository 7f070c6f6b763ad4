"""What a body started and left: it falls to us, and is ended."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Container

import psutil

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """Descendants whose parent dies become children of this process (Linux alone; elsewhere of init)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_strays(known: Container[int]) -> None:
    """Kill and reap every child of this process that is not `known`, and what falls to us from those."""
    while strays := [child.pid for child in psutil.Process().children() if child.pid not in known]:
        for pid in strays:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
