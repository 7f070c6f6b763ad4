"""The commands of etcd, API server, controller manager and scheduler. Pure: values in, argument lists out."""

from dataclasses import dataclass
from pathlib import Path

from tests.cluster.places import Places

SERVICE_NETWORK = "10.212.0.0/16"
SERVICE_ADDRESS = "10.212.0.1"  # the API server's own, the first of the network


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """`folder` holds its keys and data; `address` is what it tells others to reach it at."""

    places: Places
    folder: Path
    address: str
    api_port: int = 6443
    etcd_port: int = 2379
    etcd_peer_port: int = 2380

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def server_names(self) -> list[str]:
        """What the API server's certificate is for."""
        service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
        addresses = ["127.0.0.1", self.address, SERVICE_ADDRESS]
        return [f"DNS:{name}" for name in (*service, "localhost")] + [f"IP:{address}" for address in addresses]

    def etcd(self) -> list[str]:
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.etcd_peer_port}"
        return [
            self.places.binary("etcd"),
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # nothing here outlives a power cut anyway
            "--log-level=warn",
        ]

    def api_server(self) -> list[str]:
        keys = self.keys
        return [
            self.places.binary("kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            f"--secure-port={self.api_port}",
            f"--advertise-address={self.address}",
            f"--tls-cert-file={keys / 'api-server.crt'}",
            f"--tls-private-key-file={keys / 'api-server.key'}",
            f"--token-auth-file={keys / 'tokens.csv'}",
            f"--service-account-key-file={keys / 'service-accounts.key'}",
            f"--service-account-signing-key-file={keys / 'service-accounts.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range={SERVICE_NETWORK}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            "--kubelet-preferred-address-types=InternalIP",
            f"--kubelet-client-certificate={keys / 'kubelet-client.crt'}",
            f"--kubelet-client-key={keys / 'kubelet-client.key'}",
        ]

    def controller_manager(self) -> list[str]:
        return [
            self.places.binary("kube-controller-manager"),
            f"--kubeconfig={self.keys / 'controller-manager.kubeconfig'}",
            f"--service-account-private-key-file={self.keys / 'service-accounts.key'}",
            f"--root-ca-file={self.keys / 'ca.crt'}",
            "--use-service-account-credentials",
            "--leader-elect=false",
        ]

    def scheduler(self) -> list[str]:
        return [
            self.places.binary("kube-scheduler"),
            f"--kubeconfig={self.keys / 'scheduler.kubeconfig'}",
            "--leader-elect=false",
        ]
