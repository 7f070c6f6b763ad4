"""What the container that this process is in may take, and takes: control groups, version 1 and 2.

A limit of any group above counts as well as the own one: a pod's holds for its containers. `/proc/self/cgroup` says in
which groups a process is, `/proc/self/mountinfo` where they are to be seen. Formats: man 7 cgroups, and the kernel's
Documentation/admin-guide/cgroup-v1 and cgroup-v2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

UNIFIED = ""  # the one hierarchy of version 2, where a controller of version 1 has its name


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a hierarchy is seen: of `controllers` (version 1), or UNIFIED, from `root` on."""

    controllers: frozenset[str]
    root: PurePosixPath
    point: PurePosixPath


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes."""

    used: int
    limit: int

    @property
    def percent(self) -> float:
        return 100 * self.used / self.limit


@dataclass(frozen=True, slots=True)
class CpuLimit:
    """`processors` may be a fraction; `counter` is the file that tells what was taken."""

    processors: float
    counter: Path

    def used_seconds(self) -> float:
        """CPU time since the group began. Raises OSError."""
        text = self.counter.read_text()
        if self.counter.name == "cpu.stat":
            return fields(text)["usage_usec"] / 1e6
        return int(text) / 1e9


def parse_membership(text: str) -> dict[str, PurePosixPath]:
    """Of /proc/self/cgroup: the group by controller; of version 2 under UNIFIED."""
    found = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            found[controller] = PurePosixPath(path)
    return found


def parse_mounts(text: str) -> list[Mount]:
    """Of /proc/self/mountinfo: the hierarchies of control groups."""
    found = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = [*right.split(), "", "", ""][:3]
        root, point = (PurePosixPath(_unescaped(part)) for part in left.split()[3:5])
        if kind == "cgroup2":
            found.append(Mount(frozenset({UNIFIED}), root, point))
        elif kind == "cgroup":
            found.append(Mount(frozenset(options.split(",")), root, point))
    return found


def fields(text: str) -> dict[str, int]:
    """Lines of a name and a number."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}


def _unescaped(text: str) -> str:
    """Blanks are written as octal numbers."""
    return text.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")


@dataclass(frozen=True, slots=True)
class ControlGroups:
    """Those of this process, below `root` (`/`, but for recorded ones)."""

    root: Path
    membership: dict[str, PurePosixPath]
    mounts: tuple[Mount, ...]

    @classmethod
    def read(cls, root: Path = Path("/")) -> "ControlGroups":
        """Without any where there are none, as on other systems."""
        try:
            membership = parse_membership((root / "proc/self/cgroup").read_text())
            mounts = parse_mounts((root / "proc/self/mountinfo").read_text())
        except (OSError, ValueError):
            return cls(root, {}, ())
        return cls(root, membership, tuple(mounts))

    def memory(self, host_bytes: int) -> Usage | None:
        """The fullest of all limits; None without one below `host_bytes`. What can be dropped at once is not used."""
        found = []
        for folder in self._levels("memory"):
            if "memory" in self.membership:
                limit, used = _number(folder / "memory.limit_in_bytes"), _number(folder / "memory.usage_in_bytes")
                droppable = "total_inactive_file"
            else:
                limit, used = _number(folder / "memory.max"), _number(folder / "memory.current")
                droppable = "inactive_file"
            if limit is not None and used is not None and 0 < limit < host_bytes:
                dropped = _fields_of(folder / "memory.stat").get(droppable, 0)
                found.append(Usage(max(0, used - dropped), limit))
        return max(found, key=lambda usage: usage.percent, default=None)

    def swap(self) -> Usage | None:
        """The fullest of all limits; None without one."""
        first_version = "memory" in self.membership
        found = [_swap_v1(folder) if first_version else _swap_v2(folder) for folder in self._levels("memory")]
        return max((usage for usage in found if usage), key=lambda usage: usage.percent, default=None)

    def cpu(self) -> CpuLimit | None:
        """The tightest of all quotas; None without one."""
        found = []
        accounts = list(self._levels("cpuacct"))
        for depth, folder in enumerate(self._levels("cpu")):
            processors = _quota(folder)
            counter = folder / "cpu.stat"
            if "cpu" in self.membership:
                counter = (accounts[depth] if depth < len(accounts) else folder) / "cpuacct.usage"
            if processors is not None and counter.exists():
                found.append(CpuLimit(processors, counter))
        return min(found, key=lambda limit: limit.processors, default=None)

    def _levels(self, controller: str) -> Iterator[Path]:
        """The folder of the own group, and those above it as far as they are seen."""
        hierarchy = controller if controller in self.membership else UNIFIED
        path = self.membership.get(hierarchy)
        mount = next((each for each in self.mounts if hierarchy in each.controllers), None)
        if path is None or mount is None:
            return
        # A path that is not below the mount's root is the host's, seen from a container: its group is the mount.
        seen = path.is_relative_to(mount.root) and ".." not in path.parts
        below = path.relative_to(mount.root) if seen else PurePosixPath()
        for level in (below, *below.parents):
            yield self.root / mount.point.relative_to("/") / level


def _swap_v1(folder: Path) -> Usage | None:
    """Limits are of memory and swap together."""
    names = ("memsw.limit", "limit", "memsw.usage", "usage")
    values = [_number(folder / f"memory.{name}_in_bytes") for name in names]
    both_limit, limit, both, used = (value if value is not None else -1 for value in values)
    if -1 in (both_limit, limit, both, used) or both_limit >= 2**62 or both_limit <= limit:
        return None
    return Usage(max(0, both - used), both_limit - limit)


def _swap_v2(folder: Path) -> Usage | None:
    limit, used = _number(folder / "memory.swap.max"), _number(folder / "memory.swap.current")
    return Usage(used, limit) if limit and used is not None else None


def _quota(folder: Path) -> float | None:
    """Processors; version 2 has both numbers in one file."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
    if not (quota.isdecimal() and period.isdecimal() and int(period)):  # max, -1, or not there
        return None
    return int(quota) / int(period) or None


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _number(file: Path) -> int | None:
    """None for `max` and for a file that is not there."""
    text = _text(file)
    return int(text) if text.isdecimal() else None


def _fields_of(file: Path) -> dict[str, int]:
    return fields(_text(file))
