"""Ending a body with all it started, and a body that ends with its host."""

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress

import psutil

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_POLL_SECONDS = 0.05
_WATCH_SECONDS = 1.0
_KILL_ROUNDS = 20  # a body that forks while it is killed is looked at again, but not for ever


def kill_tree(pid: int, grace_seconds: float = 5.0) -> None:
    """SIGTERM to the process, all below it and all of its group and session; SIGKILL to what is left after the grace.

    Blocks for the grace at most, and never reaps: the exit status stays for whoever waits for `pid`.
    """
    members = _members(pid)
    if grace_seconds > 0:
        _signal(members, signal.SIGTERM)
        _await_end(members, grace_seconds)
    for _ in range(_KILL_ROUNDS):
        # Orphans of the first look have lost their parent but are still known by the group or by the list.
        members = _alive({*members, *_members(pid)})
        if not members:
            return
        _signal(members, signal.SIGKILL)
        _await_end(members, _POLL_SECONDS * 4)


def die_with_parent(parent_pid: int) -> None:
    """This process ends when the one that started it does, even by SIGKILL.

    Call it first thing in the child, with the parent's id as the parent knows it. On Linux the kernel does it, when the
    parent's *thread* that forked ends: fork from a thread that lives as long as the host. Elsewhere a thread looks.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch_parent, args=(parent_pid,), daemon=True).start()
    if os.getppid() != parent_pid:
        os._exit(1)


def _watch_parent(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(_WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _members(pid: int) -> set[psutil.Process]:
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        return {root, *root.children(recursive=True), *_of_group(pid)}
    return _of_group(pid)


def _of_group(pid: int) -> set[psutil.Process]:
    """Those whose process group or session is named after `pid`: also orphans of processes that have ended."""
    if pid in {os.getpgrp(), os.getsid(0)}:
        return set()
    return {process for process in psutil.process_iter() if _belongs(process.pid, pid)}


def _belongs(candidate_pid: int, pid: int) -> bool:
    with suppress(OSError):
        return pid in {os.getpgid(candidate_pid), os.getsid(candidate_pid)}
    return False


def _alive(processes: set[psutil.Process]) -> set[psutil.Process]:
    return {process for process in processes if _is_alive(process)}


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _signal(processes: set[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


def _await_end(processes: set[psutil.Process], timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while _alive(processes) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
