"""What this machine, or the container that this process is in, takes."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from scheduledtask_workloads.control_groups import ControlGroups

_FILE_NUMBERS = Path("/proc/sys/fs/file-nr")  # handed out, free, the most


@dataclass(frozen=True, slots=True)
class Rates:
    """Over a while: percent of the processors that may be used, and of the packets that were errors."""

    cpu_percent: float
    network_error_percent: float


def rates(groups: ControlGroups, sample_seconds: float) -> Rates:
    """Takes `sample_seconds`."""
    limit = groups.cpu()
    packets, errors = _network()
    begin, used = time.perf_counter(), limit.used_seconds() if limit else 0.0
    cpu_percent = psutil.cpu_percent(interval=sample_seconds)
    if limit:
        spent = limit.used_seconds() - used
        cpu_percent = 100 * spent / (time.perf_counter() - begin) / limit.processors
    packets_after, errors_after = _network()
    errors = max(0, errors_after - errors)
    return Rates(cpu_percent, _percent(errors, max(0, packets_after - packets) + errors))


def memory_percent(groups: ControlGroups) -> float:
    """Of the container's limit, else of the machine's."""
    host = psutil.virtual_memory()
    own = groups.memory(host.total)
    return own.percent if own else float(host.percent)


def swap_percent(groups: ControlGroups) -> float:
    """Of the container's limit, else of the machine's; 0 where there is no swap."""
    own = groups.swap()
    return own.percent if own else float(psutil.swap_memory().percent)


def load_per_cpu() -> float:
    """Of the machine: a container has no load of its own."""
    return psutil.getloadavg()[1] / (psutil.cpu_count() or 1)


def disk_percent(path: str) -> float:
    """Raises OSError for a folder that is not there."""
    return float(psutil.disk_usage(path).percent)


def inode_percent(path: str) -> float:
    """0 for a file system that makes inodes as it needs them. Raises OSError."""
    found = os.statvfs(path)
    return _percent(found.f_files - found.f_ffree, found.f_files)


def file_descriptor_percent() -> float | None:
    """Of the most that the kernel hands out; None on a system that does not tell."""
    try:
        taken, free, most = map(int, _FILE_NUMBERS.read_text().split())
    except (OSError, ValueError):
        return None
    return _percent(taken - free, most)


def _network() -> tuple[int, int]:
    """Packets and errors of all interfaces together."""
    counters = psutil.net_io_counters()
    if counters is None:
        return 0, 0
    return counters.packets_recv + counters.packets_sent, counters.errin + counters.errout


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole > 0 else 0.0
