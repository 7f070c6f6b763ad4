"""Which cluster: one that its owner named, else kind, else one built here. Never what plain KUBECONFIG names."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from tests.cluster import built, others
from tests.cluster.cluster import Cluster
from tests.cluster.errors import NoClusterError
from tests.cluster.places import Places
from tests.cluster.progress import Progress


class Rung(StrEnum):
    NAMED = "named"
    KIND = "kind"
    BUILT = "built"


def choose(environment: Mapping[str, str] = os.environ) -> Rung:
    """The first rung that holds here.

    Raises:
        NoClusterError: none does, or only one half of a named cluster is set; the message says what is missing.
    """
    kubeconfig, context = environment.get("E2E_KUBECONFIG"), environment.get("E2E_CONTEXT")
    if kubeconfig and context:
        return Rung.NAMED
    if kubeconfig or context:
        absent = "E2E_CONTEXT" if kubeconfig else "E2E_KUBECONFIG"
        raise NoClusterError(f"{absent} is not set: E2E_KUBECONFIG and E2E_CONTEXT name a cluster only together")
    if others.has_kind():
        return Rung.KIND
    reason = built.obstacle()
    if reason is not None:
        raise NoClusterError(
            f"no E2E_KUBECONFIG with E2E_CONTEXT, no kind with a Docker engine, and none can be built here: {reason}"
        )
    return Rung.BUILT


def up(places: Places, progress: Progress, environment: Mapping[str, str] = os.environ) -> Cluster:
    """A cluster that answers; what runs already is taken as it is.

    Raises:
        ClusterError: none could be had.
    """
    rung = choose(environment)
    if rung is Rung.NAMED:
        return others.named_cluster(Path(environment["E2E_KUBECONFIG"]), environment["E2E_CONTEXT"])
    if rung is Rung.KIND:
        return others.kind_up(places, progress)
    return built.up(places, progress)


def find(places: Places, environment: Mapping[str, str] = os.environ) -> Cluster:
    """A handle on the cluster that `up` would give, without starting anything.

    Raises:
        ClusterError: there is none, or it was not started.
    """
    rung = choose(environment)
    if rung is Rung.NAMED:
        return others.named_cluster(Path(environment["E2E_KUBECONFIG"]), environment["E2E_CONTEXT"])
    cluster = others.kind_cluster(places) if rung is Rung.KIND else built.BuiltCluster(places)
    if not cluster.kubeconfig.exists():
        raise NoClusterError("no cluster is up: make cluster-up")
    return cluster


def down(places: Places, progress: Progress, environment: Mapping[str, str] = os.environ) -> None:
    """Remove what `up` made, on whichever rung it was; a cluster of one's own is left alone."""
    if choose(environment) is Rung.NAMED:
        return
    if others.has_kind():
        others.kind_down(places, progress)
    built.down(places, progress)
