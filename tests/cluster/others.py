"""Clusters that somebody else provides: one named by its owner, and kind on Docker."""

import shutil
from pathlib import Path

from tests.cluster.cluster import Api, Cluster
from tests.cluster.commands import run, succeeds
from tests.cluster.errors import NoClusterError, NotOnThisClusterError
from tests.cluster.places import Places
from tests.cluster.progress import Progress

KIND_NAME = "scheduledtask"
KIND_CONTEXT = f"kind-{KIND_NAME}"
KIND_NODE = f"{KIND_NAME}-control-plane"


class NamedCluster(Cluster):
    """One that E2E_KUBECONFIG and E2E_CONTEXT name. It is used as it is: nothing is started, stopped or removed."""

    kind = "a cluster of one's own"

    def load_image(self, archive: Path) -> None:
        raise NotOnThisClusterError(f"push {archive.name}'s image to the registry that your cluster pulls from")


class KindCluster(Cluster):
    kind = "kind"

    def load_image(self, archive: Path) -> None:
        run(["kind", "load", "image-archive", str(archive), "--name", KIND_NAME])

    def _containerd(self, *arguments: str) -> str:
        return run(["docker", "exec", KIND_NODE, "ctr", "--namespace=k8s.io", *arguments])


def named_cluster(kubeconfig: Path, context: str) -> NamedCluster:
    """Raises NoClusterError when the file or kubectl is missing, CommandFailedError when it does not answer."""
    if not kubeconfig.is_file():
        raise NoClusterError(f"E2E_KUBECONFIG: there is no file {kubeconfig}")
    cluster = NamedCluster(Api(_kubectl(), kubeconfig, context))
    cluster.kubectl("get", "--raw=/readyz", timeout_seconds=30)
    return cluster


def has_kind() -> bool:
    """Whether kind is on PATH and a Docker engine answers."""
    return shutil.which("kind") is not None and succeeds(["docker", "info", "--format={{.ServerVersion}}"])


def kind_cluster(places: Places) -> KindCluster:
    """A handle on it, whether it runs or not."""
    return KindCluster(Api(_kubectl(), places.cache / "kind.kubeconfig", KIND_CONTEXT))


def kind_up(places: Places, progress: Progress) -> KindCluster:
    """Make it, unless it is there."""
    places.cache.mkdir(parents=True, exist_ok=True)
    cluster = kind_cluster(places)
    if KIND_NAME not in run(["kind", "get", "clusters"]).split():
        with progress.step("making a kind cluster"):
            run(["kind", "create", "cluster", "--name", KIND_NAME, "--wait=120s", f"--kubeconfig={cluster.kubeconfig}"])
    run(["kind", "export", "kubeconfig", "--name", KIND_NAME, f"--kubeconfig={cluster.kubeconfig}"])
    return cluster


def kind_down(places: Places, progress: Progress) -> None:
    if KIND_NAME in run(["kind", "get", "clusters"]).split():
        with progress.step("removing the kind cluster"):
            run(["kind", "delete", "cluster", "--name", KIND_NAME, f"--kubeconfig={kind_cluster(places).kubeconfig}"])


def _kubectl() -> str:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise NoClusterError("kubectl is not on PATH")
    return kubectl
