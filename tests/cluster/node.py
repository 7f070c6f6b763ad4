"""The node: what containerd, kubelet, kube-proxy, cluster DNS and the volumes' provisioner are told. Pure."""

import json
from pathlib import Path

from tests.cluster.images import TOOLS_IMAGE
from tests.cluster.network import NODE_ADDRESS, POD_NETWORK
from tests.cluster.places import Places

NODE = "node-1"
DNS_ADDRESS = "10.212.0.10"
DNS_PORT = 5353
STORAGE_CLASS = "standard"  # kind's name for its own, so that manifests fit both
STORAGE_NAMESPACE = "local-path-storage"
_PROVISIONER = "rancher.io/local-path"

_CONTAINERD = """\
version = 2
root = "{state}/containerd/root"
state = "{state}/containerd/state"
[grpc]
  address = "{state}/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox}"
  restrict_oom_score_adj = true  # root without CAP_SYS_RESOURCE may not lower it
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{state}/cni"
"""
_COREFILE = """\
.:{port} {{
  bind {address}
  errors
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {kubeconfig}
  }}
  cache 5
}}
"""


def container_socket(places: Places) -> Path:
    return places.state / "containerd" / "containerd.sock"


def write_settings(places: Places) -> None:
    """Everything that the node's processes read from files."""
    (places.state / "containerd").mkdir(parents=True, exist_ok=True)
    containerd = _CONTAINERD.format(state=places.state, sandbox=TOOLS_IMAGE)
    corefile = _COREFILE.format(port=DNS_PORT, address=NODE_ADDRESS, kubeconfig=places.kubeconfig)
    (places.state / "containerd" / "config.toml").write_text(containerd)
    (places.state / "Corefile").write_text(corefile)
    (places.state / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    (places.state / "kubelet.json").write_text(json.dumps(kubelet_settings(places), indent=1))
    (places.state / "volumes.json").write_text(json.dumps(_volume_settings(places)))
    (places.state / "volume-pod.json").write_text(json.dumps(_volume_pod()))


def containerd_command(places: Places) -> list[str]:
    return ["containerd", f"--config={places.state / 'containerd' / 'config.toml'}"]


def kubelet_command(places: Places) -> list[str]:
    return [
        places.binary("kubelet"),
        f"--config={places.state / 'kubelet.json'}",
        f"--kubeconfig={places.state / 'keys' / 'kubelet.kubeconfig'}",
        f"--root-dir={places.state / 'kubelet'}",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_ADDRESS}",
    ]


def proxy_command(places: Places) -> list[str]:
    return [
        places.binary("kube-proxy"),
        f"--kubeconfig={places.state / 'keys' / 'proxy.kubeconfig'}",
        f"--hostname-override={NODE}",
        "--proxy-mode=iptables",
        f"--cluster-cidr={POD_NETWORK}",
    ]


def dns_command(places: Places) -> list[str]:
    return [places.binary("coredns"), f"-conf={places.state / 'Corefile'}"]


def provisioner_command(places: Places) -> list[str]:
    return [
        places.binary("local-path-provisioner"),
        "start",
        f"--kubeconfig={places.kubeconfig}",
        f"--config={places.state / 'volumes.json'}",
        f"--helper-pod-file={places.state / 'volume-pod.json'}",
        f"--helper-image={TOOLS_IMAGE}",
        f"--namespace={STORAGE_NAMESPACE}",
        "--service-account-name=default",
    ]


def kubelet_settings(places: Places) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{container_socket(places)}",
        "cgroupDriver": "cgroupfs",
        "failSwapOn": False,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(places.state / "keys" / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDomain": "cluster.local",
        "clusterDNS": [DNS_ADDRESS],
        "resolvConf": str(places.state / "resolv.conf"),
        "podLogsDir": str(places.state / "pod-logs"),
        # A developer's disk and memory may be nearly full; that is no reason to evict what a test has started.
        "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
    }


def cluster_objects() -> list[dict[str, object]]:
    """What a node needs in the API: kube-proxy's rights, DNS behind its usual Service, the default StorageClass."""
    return [_proxy_rights(), *_dns_service(), *_storage()]


def _proxy_rights() -> dict[str, object]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "scheduledtask-cluster-proxy"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:node-proxier"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:kube-proxy"}],
    }


def _dns_service() -> list[dict[str, object]]:
    """CoreDNS is a process of the host; the Service's endpoints are therefore written by hand."""
    metadata = {"name": "kube-dns", "namespace": "kube-system"}
    protocols = {"dns": "UDP", "dns-tcp": "TCP"}
    ports = [{"name": n, "port": 53, "targetPort": DNS_PORT, "protocol": p} for n, p in protocols.items()]
    service: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"clusterIP": DNS_ADDRESS, "ports": ports},
    }
    endpoints: dict[str, object] = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**metadata, "labels": {"kubernetes.io/service-name": "kube-dns"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [NODE_ADDRESS]}],
        "ports": [{"name": n, "port": DNS_PORT, "protocol": p} for n, p in protocols.items()],
    }
    return [service, endpoints]


def _storage() -> list[dict[str, object]]:
    """Claims become folders of the host, made and removed by a short pod that runs these two scripts."""
    scripts = {"setup": 'mkdir -m 0777 -p "$VOL_DIR"\n', "teardown": 'rm -rf "$VOL_DIR"\n'}
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": STORAGE_NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "local-path-config", "namespace": STORAGE_NAMESPACE},
            "data": {name: f"#!/bin/sh\nset -eu\n{body}" for name, body in scripts.items()},
        },
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": STORAGE_CLASS, "annotations": default},
            "provisioner": _PROVISIONER,
            "volumeBindingMode": "WaitForFirstConsumer",
            "reclaimPolicy": "Delete",
        },
    ]


def _volume_settings(places: Places) -> dict[str, object]:
    paths = [str(places.state / "volumes")]
    return {"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": paths}]}


def _volume_pod() -> dict[str, object]:
    container = {
        "name": "helper-pod",
        "image": TOOLS_IMAGE,
        "imagePullPolicy": "Never",
        "securityContext": {"runAsUser": 0},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "helper-pod"},
        "spec": {"priorityClassName": "system-node-critical", "containers": [container]},
    }
