"""Limits of containers, read from trees as Docker, containerd and systemd make them, and from this machine's own."""

from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_workloads.control_groups.limits import (
    ControlGroups,
    Usage,
    fields,
    parse_membership,
    parse_mounts,
)

GIB = 2**30
HOST_BYTES = 16 * GIB
NO_LIMIT_V1 = "9223372036854771712\n"

V1_MOUNTS = """\
30 29 0:26 /docker/4f1c /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory
31 29 0:27 /docker/4f1c /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct
32 29 0:28 /docker/4f1c /sys/fs/cgroup/systemd ro - cgroup cgroup rw,xattr,name=systemd
"""
V1_CONTAINER = {
    "proc/self/cgroup": "9:memory:/docker/4f1c\n3:cpu,cpuacct:/docker/4f1c\n1:name=systemd:/docker/4f1c\n",
    "proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + V1_MOUNTS,
    "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB}\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{GIB * 3 // 4}\n",
    "sys/fs/cgroup/memory/memory.memsw.limit_in_bytes": f"{2 * GIB}\n",
    "sys/fs/cgroup/memory/memory.memsw.usage_in_bytes": f"{GIB}\n",
    "sys/fs/cgroup/memory/memory.stat": f"cache 1\ntotal_inactive_file {GIB // 4}\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu,cpuacct/cpuacct.usage": "2500000000\n",
}
V2_CONTAINER = {  # with a namespace of its own, as containerd makes it: it sees itself as the root
    "proc/self/cgroup": "0::/\n",
    "proc/self/mountinfo": "1 2 0:30 / /sys/fs/cgroup ro,nosuid,nodev,noexec - cgroup2 cgroup rw,nsdelegate\n",
    "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
    "sys/fs/cgroup/memory.current": f"{GIB}\n",
    "sys/fs/cgroup/memory.stat": f"anon 1\ninactive_file {GIB // 2}\n",
    "sys/fs/cgroup/memory.swap.max": "0\n",
    "sys/fs/cgroup/memory.swap.current": "0\n",
    "sys/fs/cgroup/cpu.max": "150000 100000\n",
    "sys/fs/cgroup/cpu.stat": "usage_usec 1500000\nuser_usec 1000000\n",
}
V2_POD = {  # the container has no limit, the pod above it has
    "proc/self/cgroup": "0::/kubepods/pod7/c1\n",
    "proc/self/mountinfo": "1 2 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    "sys/fs/cgroup/kubepods/pod7/c1/memory.max": "max\n",
    "sys/fs/cgroup/kubepods/pod7/c1/memory.current": "1000\n",
    "sys/fs/cgroup/kubepods/pod7/c1/cpu.max": "max 100000\n",
    "sys/fs/cgroup/kubepods/pod7/memory.max": f"{GIB}\n",
    "sys/fs/cgroup/kubepods/pod7/memory.current": f"{GIB // 2}\n",
    "sys/fs/cgroup/kubepods/pod7/memory.swap.max": f"{GIB}\n",
    "sys/fs/cgroup/kubepods/pod7/memory.swap.current": f"{GIB // 4}\n",
    "sys/fs/cgroup/kubepods/pod7/cpu.max": "200000 100000\n",
    "sys/fs/cgroup/kubepods/pod7/cpu.stat": "usage_usec 7000000\n",
}
HYBRID_HOST = {  # both versions side by side, and nothing limited
    "proc/self/cgroup": "4:memory:/user/1\n2:cpuacct:/\n1:cpu:/\n0::/\n",
    "proc/self/mountinfo": (
        "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "33 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    ),
    "sys/fs/cgroup/memory/memory.limit_in_bytes": NO_LIMIT_V1,
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000\n",
    "sys/fs/cgroup/memory/user/1/memory.limit_in_bytes": NO_LIMIT_V1,
    "sys/fs/cgroup/memory/user/1/memory.usage_in_bytes": "1000\n",
    "sys/fs/cgroup/memory/user/1/memory.memsw.limit_in_bytes": NO_LIMIT_V1,
    "sys/fs/cgroup/memory/user/1/memory.memsw.usage_in_bytes": "1000\n",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpuacct/cpuacct.usage": "9\n",
}


def groups(root: Path, tree: dict[str, str]) -> ControlGroups:
    for name, text in tree.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return ControlGroups.read(root)


@pytest.mark.parametrize(
    ("tree", "memory", "swap", "cpu"),
    [
        (V1_CONTAINER, Usage(GIB // 2, GIB), Usage(GIB // 4, GIB), (0.5, 2.5)),
        (V2_CONTAINER, Usage(GIB // 2, 2 * GIB), None, (1.5, 1.5)),
        (V2_POD, Usage(GIB // 2, GIB), Usage(GIB // 4, GIB), (2.0, 7.0)),
        (HYBRID_HOST, None, None, None),
        ({}, None, None, None),
    ],
    ids=["version 1", "version 2", "a pod's", "both, unlimited", "none"],
)
def test_limits_and_what_is_taken(
    tmp_path: Path, tree: dict[str, str], memory: Usage | None, swap: Usage | None, cpu: tuple[float, float] | None
) -> None:
    found = groups(tmp_path, tree)

    assert found.memory(HOST_BYTES) == memory
    assert found.swap() == swap
    limit = found.cpu()
    assert (limit and (limit.processors, limit.used_seconds())) == cpu


def test_the_fullest_limit_counts(tmp_path: Path) -> None:
    own = "sys/fs/cgroup/kubepods/pod7/c1/memory"
    tree = V2_POD | {f"{own}.max": f"{GIB // 2}\n", f"{own}.current": f"{GIB * 3 // 8}\n"}

    assert groups(tmp_path, tree).memory(HOST_BYTES) == Usage(GIB * 3 // 8, GIB // 2)


def test_a_limit_above_the_machines_memory_is_none(tmp_path: Path) -> None:
    assert groups(tmp_path, V2_CONTAINER).memory(host_bytes=GIB) is None


@pytest.mark.parametrize("path", ["/system.slice/docker-1.scope", "/../../other"])
def test_a_path_that_only_the_host_knows_means_what_is_mounted(tmp_path: Path, path: str) -> None:
    mounted = "1 2 0:30 /elsewhere /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
    tree = V2_CONTAINER | {"proc/self/cgroup": f"0::{path}\n", "proc/self/mountinfo": mounted}

    assert groups(tmp_path, tree).memory(HOST_BYTES) == Usage(GIB // 2, 2 * GIB)


def test_blanks_in_names_are_read(tmp_path: Path) -> None:
    [mount] = parse_mounts("1 2 0:30 / /a\\040b rw - cgroup2 cgroup rw\n")

    assert str(mount.point) == "/a b"


def test_of_this_machine_something_sensible_comes() -> None:
    found = ControlGroups.read()
    memory, cpu = found.memory(psutil.virtual_memory().total), found.cpu()

    assert memory is None or 0 <= memory.percent <= 100
    assert cpu is None or (cpu.processors > 0 and cpu.used_seconds() > 0)


NAMES = st.from_regex(r"[a-z=]{1,8}", fullmatch=True)
SEGMENTS = st.lists(st.from_regex(r"[a-z0-9:_-]{1,8}", fullmatch=True), max_size=3)
PATHS = SEGMENTS.map(lambda parts: "/" + "/".join(parts))


@given(st.dictionaries(NAMES, PATHS))
def test_each_controller_has_its_group(wanted: dict[str, str]) -> None:
    text = "".join(f"{number}:{name}:{path}\n" for number, (name, path) in enumerate(wanted.items()))

    assert {name: str(path) for name, path in parse_membership(text).items()} == wanted


@given(st.text())
def test_what_is_no_list_of_numbers_has_none(text: str) -> None:
    assert all(value >= 0 for value in fields(text).values())
