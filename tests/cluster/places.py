"""Where things lie: what is kept between clusters, and what goes away with one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "modules"


@dataclass(frozen=True, slots=True)
class Places:
    """`cache` survives `down` and a fresh clone; `state` is one cluster's, and deleted by `down`."""

    cache: Path
    state: Path

    @property
    def binaries(self) -> Path:
        return self.cache / "bin"

    @property
    def images(self) -> Path:
        return self.cache / "images"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "keys" / "admin.kubeconfig"

    def binary(self, name: str) -> str:
        """The path of a program of ours, as a command's first word."""
        return str(self.binaries / name)


def places(environment: Mapping[str, str] = os.environ) -> Places:
    """The folders, settable by SCHEDULEDTASK_CLUSTER_CACHE and SCHEDULEDTASK_CLUSTER_STATE."""
    general = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Places(
        cache=Path(environment.get("SCHEDULEDTASK_CLUSTER_CACHE") or general / "scheduledtask-cluster"),
        state=Path(environment.get("SCHEDULEDTASK_CLUSTER_STATE") or "/var/lib/scheduledtask-cluster"),
    )
