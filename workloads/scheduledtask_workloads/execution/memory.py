"""How much memory a body and its children take, and whether that is too much."""

import os
import resource
import sys
from contextlib import suppress
from dataclasses import dataclass

import psutil

_KERNEL_TELLS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # Linux, as nearly all are built
_PAGE_BYTES = resource.getpagesize()


@dataclass(slots=True)
class MemoryGuard:
    """Resident memory of a process tree against a limit; its host calls `sample` each fraction of a second.

    Pages that parent and child share are counted in each. `limit_bytes` None only observes.
    """

    pid: int
    limit_bytes: int | None = None
    peak_bytes: int = 0

    def sample(self) -> bool:
        """Measure once; True when the tree is above the limit."""
        used_bytes = tree_memory_bytes(self.pid)
        self.peak_bytes = max(self.peak_bytes, used_bytes)
        return exceeds(used_bytes, self.limit_bytes)


def exceeds(used_bytes: int, limit_bytes: int | None) -> bool:
    return limit_bytes is not None and used_bytes > limit_bytes


def tree_memory_bytes(pid: int) -> int:
    """Resident bytes of a process and all below it; 0 when it is gone."""
    if _KERNEL_TELLS_CHILDREN:
        return _linux_tree_bytes(pid)
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(map(_resident_bytes, processes))


def _linux_tree_bytes(pid: int) -> int:
    """Reads what belongs to the tree and nothing else: psutil looks at every process of the machine to find children,
    which held the runners' loop for 50 to 380 ms, five times a second, where there were many."""
    waiting, seen, pages = [pid], {pid}, 0
    while waiting:
        found = waiting.pop()
        with suppress(OSError, ValueError, IndexError):  # it may end while we look
            pages += int(_read(f"/proc/{found}/statm").split()[1])
            for thread in os.listdir(f"/proc/{found}/task"):
                children = set(map(int, _read(f"/proc/{found}/task/{thread}/children").split())) - seen
                seen |= children
                waiting.extend(children)
    return pages * _PAGE_BYTES


def _read(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY)  # unbuffered: these are many, and short
    try:
        parts = []
        while part := os.read(file, 65536):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(file)


def _resident_bytes(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def forget_peak() -> None:
    """Start this process's own high-water mark anew, so that one run does not answer for the one before (Linux)."""
    with suppress(OSError):
        file = os.open("/proc/self/clear_refs", os.O_WRONLY)
        try:
            os.write(file, b"5")
        finally:
            os.close(file)


def own_peak_bytes() -> int:
    """The high-water mark of this process's resident memory, since `forget_peak` where that works."""
    with suppress(OSError, ValueError):
        return _high_water_bytes()
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes


def _high_water_bytes() -> int:
    file = os.open("/proc/self/status", os.O_RDONLY)  # unbuffered: this is in every run's way
    try:
        status = os.read(file, 4096)
    finally:
        os.close(file)
    begin = status.index(b"VmHWM:") + len(b"VmHWM:")
    return int(status[begin : status.index(b"kB", begin)]) * 1024


def larger_peak_bytes(report_bytes: int | None, guard_bytes: int) -> int | None:
    """The larger of what the body's process reported and what its host saw of the tree; None: nobody saw anything."""
    return max(report_bytes or 0, guard_bytes) or None
