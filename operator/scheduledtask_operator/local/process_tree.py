"""Finding and ending processes with everything below them, by a mark in their environment.

A process group is not enough: task code may leave it, and children of a killed process have no parent to be found by.
"""

import contextlib
import time
from collections.abc import Iterable

import psutil

MARK_VARIABLE = "SCHEDULEDTASK_DEV_MARK"  # `STATE FOLDER|PROGRAM|START`
SEPARATOR = "|"
END_ROUNDS = 5  # a process that forks while it is killed needs a second one
END_POLL_SECONDS = 0.01
END_TIMEOUT_SECONDS = 5.0  # SIGKILL is immediate but for a process in uninterruptible sleep


def mark(*parts: str) -> str:
    """Marks begin with the state folder, so one folder's are found by their beginning."""
    return SEPARATOR.join(parts)


def marked_processes(beginning: str) -> list[psutil.Process]:
    """Processes of this user whose mark is `beginning`, or goes on after it."""
    return [process for process in psutil.process_iter() if _is_marked(process, beginning)]


def end_processes(processes: Iterable[psutil.Process]) -> None:
    """At once. Returns when they are gone, after some seconds at the latest."""
    ending = list(processes)
    for process in ending:
        with contextlib.suppress(psutil.Error):
            process.kill()
    deadline = time.monotonic() + END_TIMEOUT_SECONDS
    while any(map(is_running, ending)) and time.monotonic() < deadline:
        time.sleep(END_POLL_SECONDS)


def end_marked(beginning: str) -> None:
    """End them, and those that they started meanwhile."""
    for _ in range(END_ROUNDS):
        found = [process for process in marked_processes(beginning) if is_running(process)]
        if not found:
            return
        end_processes(found)


def is_running(process: psutil.Process) -> bool:
    """A zombie runs no more; a process id that went to another process is not this one."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _is_marked(process: psutil.Process, beginning: str) -> bool:
    try:
        found = process.environ().get(MARK_VARIABLE, "")
    except (psutil.Error, OSError):
        return False
    return found == beginning or found.startswith(beginning + SEPARATOR)


def is_below(pid: int, ancestor: int) -> bool:
    """Whether a process is `ancestor` or was started by it, through any number of others."""
    try:
        return pid == ancestor or any(parent.pid == ancestor for parent in psutil.Process(pid).parents())
    except psutil.Error:
        return False
