"""The node's own network: the pods' bridge, and the kernel's settings, put back as they were by `remove`."""

import json
import shlex
import socket
from contextlib import suppress
from pathlib import Path

from tests.cluster.commands import run, succeeds
from tests.cluster.errors import CommandFailedError, NoClusterError
from tests.cluster.places import Places

BRIDGE = "stask0"
NODE_ADDRESS = "10.211.0.1"
POD_NETWORK = "10.211.0.0/24"
NETWORK_NAME = "scheduledtask-cluster"
# A fixed one, else the bridge takes the lowest of its ports' and changes as pods come and go: connections break.
BRIDGE_HARDWARE_ADDRESS = "0a:58:0a:d3:00:01"

# What we, kubelet and kube-proxy change.
_KERNEL_SETTINGS = (
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "net/bridge/bridge-nf-call-iptables",
    "net/netfilter/nf_conntrack_max",
    "net/netfilter/nf_conntrack_tcp_timeout_established",
    "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
# API server, etcd and its peers, kubelet, controller manager, scheduler, kube-proxy, cluster DNS
PORTS = (6443, 2379, 2380, 10250, 10257, 10259, 10249, 5353)


def require_free_ports() -> None:
    """Raises NoClusterError when another process, a Kubernetes node most likely, holds a port that we need."""
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))  # the components listen on all addresses
            except OSError as error:
                raise NoClusterError(
                    f"port {port} is in use on this machine, and the built cluster needs it"
                ) from error


def prepare(places: Places) -> None:
    """The bridge with the node's address on it (the kernel may lack the dummy interface), and forwarding."""
    _remember_kernel_settings(places)
    if not succeeds(["ip", "link", "show", BRIDGE]):
        run(["ip", "link", "add", BRIDGE, "type", "bridge"])
    run(["ip", "link", "set", BRIDGE, "address", BRIDGE_HARDWARE_ADDRESS])
    run(["ip", "addr", "replace", f"{NODE_ADDRESS}/24", "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])
    _set("net/ipv4/ip_forward", "1")
    _set("net/bridge/bridge-nf-call-iptables", "1")
    folder = places.state / "cni"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "10-bridge.conflist").write_text(json.dumps(pod_network(places), indent=1))


def pod_network(places: Places) -> dict[str, object]:
    """What containerd hands to the CNI plugins."""
    addresses = {
        "type": "host-local",
        "dataDir": str(places.state / "cni-addresses"),
        "ranges": [[{"subnet": POD_NETWORK, "rangeStart": "10.211.0.10"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": False, "hairpinMode": True}
    port_map = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": NETWORK_NAME, "plugins": [{**bridge, "ipam": addresses}, port_map]}


def remove(places: Places) -> None:
    """The bridge goes, kube-proxy's and kubelet's rules go, and the kernel's settings are what they were."""
    with suppress(CommandFailedError):
        run([places.binary("kube-proxy"), "--cleanup", "--proxy-mode=iptables"])
    for table in ("filter", "nat", "mangle"):
        _remove_chains(table)
    if succeeds(["ip", "link", "show", BRIDGE]):
        run(["ip", "link", "del", BRIDGE])
    _restore_kernel_settings(places)


def _remove_chains(table: str) -> None:
    """kubelet's own, which nothing cleans up."""
    rules = run(["iptables", "-t", table, "-S"]).splitlines()
    jumps = [
        line for line in rules if line.startswith("-A") and " -j KUBE-" in line and not line.startswith("-A KUBE-")
    ]
    chains = [line.split()[1] for line in rules if line.startswith("-N KUBE-")]
    for jump in jumps:
        run(["iptables", "-t", table, *shlex.split(jump.replace("-A", "-D", 1))])
    for action in ("-F", "-X"):
        for chain in chains:
            run(["iptables", "-t", table, action, chain])


def _remember_kernel_settings(places: Places) -> None:
    memory = places.state / "kernel-settings.json"
    if memory.exists():
        return
    places.state.mkdir(parents=True, exist_ok=True)
    found = {name: path.read_text().strip() for name in _KERNEL_SETTINGS if (path := _setting(name)).exists()}
    memory.write_text(json.dumps(found))


def _restore_kernel_settings(places: Places) -> None:
    memory = places.state / "kernel-settings.json"
    if memory.exists():
        for name, value in json.loads(memory.read_text()).items():
            if _setting(name).read_text().strip() != value:
                _set(name, value)


def _set(name: str, value: str) -> None:
    """A setting that this kernel lacks, or a container may not change, is left alone."""
    with suppress(OSError):
        _setting(name).write_text(value)


def _setting(name: str) -> Path:
    return Path("/proc/sys") / name
