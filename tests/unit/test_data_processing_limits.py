"""What the engine of `data-processing` may take, by what the arguments and the container say."""

from pathlib import Path

import pytest

from scheduledtask_workloads.control_groups import ControlGroups
from scheduledtask_workloads.tasks.data_processing.engine import DEFAULT_MEMORY_BYTES, Limits


def container(root: Path, memory: str, processors: str) -> ControlGroups:
    """Of version 2, seen as in a pod."""
    group = root / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("0::/\n")
    (root / "proc/self/mountinfo").write_text("30 29 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n")
    for name, text in (("memory.max", memory), ("memory.current", "1000"), ("cpu.max", processors), ("cpu.stat", "")):
        (group / name).write_text(f"{text}\n")
    return ControlGroups.read(root)


@pytest.mark.parametrize(
    ("limit", "memory", "taken_bytes"),
    [
        ("max", None, DEFAULT_MEMORY_BYTES),
        (str(500 * 1000**2), None, 200 * 1000**2),
        (str(2 * 1000**3), None, DEFAULT_MEMORY_BYTES),
        (str(500 * 1000**2), "300M", 300 * 1000**2),
    ],
)
def test_memory_leaves_room_for_the_rest(tmp_path: Path, limit: str, memory: str | None, taken_bytes: int) -> None:
    assert Limits.read(memory, container(tmp_path, limit, "max 100000")).memory_bytes == taken_bytes


@pytest.mark.parametrize("quota", ["50000 100000", "100000 100000"])
def test_threads_are_those_of_the_container(tmp_path: Path, quota: str) -> None:
    assert Limits.read(None, container(tmp_path, "max", quota)).threads == 1
