"""What a node leaves behind when its processes have gone: containers, mounts, control groups, network namespaces."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from tests.cluster.commands import run
from tests.cluster.errors import CommandFailedError
from tests.cluster.places import Places

Containerd = Callable[..., str]


def remove_containers(containerd: Containerd) -> None:
    """Kill and remove every container of ours, their network namespaces, and what was noted of these."""
    names = containerd("containers", "list", "--quiet").split()
    namespaces = {path for name in names for path in _network_namespaces(containerd, name)}
    for name in names:
        for kind in (("tasks", "delete", "--force"), ("containers", "delete")):
            with suppress(CommandFailedError):  # it has ended by itself meanwhile
                containerd(*kind, name)
        for note in Path("/var/lib/cni/results").glob(f"*-{name}-*"):
            note.unlink()
    for path in namespaces:
        _remove_network_namespace(path)


def _remove_network_namespace(path: str) -> None:
    with suppress(CommandFailedError):
        run(["umount", "--lazy", path])
    Path(path).unlink(missing_ok=True)


def _network_namespaces(containerd: Containerd, name: str) -> Iterator[str]:
    """Of the container's own; the host's has no path under /var/run/netns."""
    try:
        described = json.loads(containerd("containers", "info", name))
    except CommandFailedError:
        return
    for namespace in described["Spec"]["linux"]["namespaces"]:
        if namespace["type"] == "network" and "/netns/" in namespace.get("path", ""):
            yield namespace["path"]


def remove_folders(places: Places) -> None:
    """Unmount what is mounted below the state folder, and remove it, the pods' control groups and log links."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{places.state}/")), reverse=True):
        run(["umount", "--lazy", mount])
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and link.readlink().is_relative_to(places.state):
            link.unlink()
    _remove_control_groups()
    shutil.rmtree(places.state)


def _remove_control_groups() -> None:
    """Only empty ones can be removed, and only pods are in `kubepods`."""
    for root in Path("/sys/fs/cgroup").glob("**/kubepods"):
        for folder, _, _ in os.walk(root, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
