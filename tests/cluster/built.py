"""The cluster built here: Linux and root, no Docker, no registry. One node, whose processes are this machine's."""

import os
import sys
from pathlib import Path

from tests.cluster import leftovers, network, node
from tests.cluster.binaries import build
from tests.cluster.cluster import Api, Cluster
from tests.cluster.commands import run, succeeds, wait_until
from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import CommandFailedError, NoClusterError, NotReadyError
from tests.cluster.images import tools_image
from tests.cluster.keys import CONTEXT, make_keys
from tests.cluster.network import NODE_ADDRESS
from tests.cluster.packages import missing_packages
from tests.cluster.places import Places
from tests.cluster.processes import Processes
from tests.cluster.progress import Progress

API_DEADLINE_SECONDS = 120.0
NODE_DEADLINE_SECONDS = 180.0


class BuiltCluster(Cluster):
    kind = "the built cluster"

    def __init__(self, places: Places) -> None:
        super().__init__(Api(places.binary("kubectl"), places.kubeconfig, CONTEXT, places.state / "discovery"))
        self._places = places
        self._processes = processes_of(places)

    def load_image(self, archive: Path) -> None:
        self._containerd("images", "import", str(archive))

    def stop_api_server(self) -> None:
        self._processes.stop("api-server")

    def start_api_server(self) -> None:
        self._processes.start_again("api-server")
        wait_for_api(self.api, self._processes)

    def _containerd(self, *arguments: str) -> str:
        return run(containerd_client(self._places, *arguments))


def processes_of(places: Places) -> Processes:
    return Processes(places.state / "processes")


def containerd_client(places: Places, *arguments: str) -> list[str]:
    return ["ctr", f"--address={node.container_socket(places)}", "--namespace=k8s.io", *arguments]


def obstacle() -> str | None:
    """Why this machine cannot hold the built cluster, in one line; None when it can."""
    if sys.platform != "linux":
        return f"it needs Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "it needs root"
    missing = missing_packages()
    if missing:
        return f"it needs {', '.join(missing)}: python -m tests.cluster packages"
    return None


def up(places: Places, progress: Progress) -> BuiltCluster:
    """Build what is missing and start what does not run; the cluster when its node is Ready.

    Raises:
        NoClusterError: this machine cannot hold it.
        CommandFailedError, NotReadyError: something did not start; the message says what, and where its log is.
    """
    reason = obstacle()
    if reason is not None:
        raise NoClusterError(f"the built cluster: {reason}")
    build(places, progress)
    processes = processes_of(places)
    if not any(map(processes.find, processes.names())):
        network.require_free_ports()
    with progress.step("starting the cluster"):
        return _start(places, processes, progress)


def _start(places: Places, processes: Processes, progress: Progress) -> BuiltCluster:
    cluster = BuiltCluster(places)
    network.prepare(places)
    node.write_settings(places)
    processes.ensure("containerd", node.containerd_command(places))
    plane = ControlPlane(places, places.state, NODE_ADDRESS)
    progress.say("  etcd and API server")
    start_api(plane, processes)
    progress.say("  the node's image")
    archive = tools_image(places)
    wait_until("containerd", lambda: succeeds(containerd_client(places, "version")), timeout_seconds=30)
    cluster.load_image(archive)
    wait_for_api(cluster.api, processes)
    progress.say("  controllers, scheduler, kubelet, kube-proxy, DNS, volumes")
    _start_node(places, plane, processes, cluster)
    wait_until(
        f"node Ready (logs: {processes.folder})", lambda: node_ready(cluster), timeout_seconds=NODE_DEADLINE_SECONDS
    )
    return cluster


def start_api(plane: ControlPlane, processes: Processes) -> None:
    """etcd and the API server; returns before they answer."""
    make_keys(plane.keys, port=plane.api_port, component_address=plane.address, names=plane.server_names)
    processes.ensure("etcd", plane.etcd())
    processes.ensure("api-server", plane.api_server())


def wait_for_api(api: Api, processes: Processes) -> None:
    """Until it is ready, and has made the namespace and the rights that everything else stands on."""

    def answers() -> bool:
        if processes.find("api-server") is None or processes.find("etcd") is None:
            log = processes.log("api-server").read_text()[-2000:]
            raise NotReadyError(f"the API server ended (logs: {processes.folder}):\n{log}")
        try:
            api.kubectl("get", "--raw=/readyz", timeout_seconds=10)
            api.kubectl("get", "namespace", "default", "kube-system", timeout_seconds=10)
        except CommandFailedError:
            return False
        return True

    wait_until(f"the API server (logs: {processes.folder})", answers, timeout_seconds=API_DEADLINE_SECONDS)


def _start_node(places: Places, plane: ControlPlane, processes: Processes, cluster: Cluster) -> None:
    processes.ensure("controller-manager", plane.controller_manager())
    processes.ensure("scheduler", plane.scheduler())
    processes.ensure("kubelet", node.kubelet_command(places))
    processes.ensure("proxy", node.proxy_command(places))
    cluster.apply(node.cluster_objects(), "--server-side")
    processes.ensure("dns", node.dns_command(places))
    processes.ensure("volumes", node.provisioner_command(places))


def node_ready(cluster: Cluster) -> bool:
    """Ready, with the default service account there: a pod can be created."""
    ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
    try:
        found = cluster.kubectl("get", "node", node.NODE, f"--output={ready}", timeout_seconds=10)
        cluster.kubectl("get", "serviceaccount", "default", timeout_seconds=10)
    except CommandFailedError:
        return False
    return found == "True"


def down(places: Places, progress: Progress) -> None:
    """Stop and remove all of it, pods included; the cache stays. A no-op when there is nothing."""
    if not places.state.exists():
        return
    processes = processes_of(places)
    with progress.step("removing the cluster"):
        processes.stop(*(name for name in processes.names() if name != "containerd"))
        if processes.find("containerd") is not None:
            leftovers.remove_containers(lambda *arguments: run(containerd_client(places, *arguments)))
        processes.stop("containerd")
        network.remove(places)
        leftovers.remove_folders(places)
