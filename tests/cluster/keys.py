"""One certificate authority, the pairs it signs, and a static token with a kubeconfig for each identity."""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.commands import run

CONTEXT = "scheduledtask"
VALID_DAYS = "3650"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token speaks for; `name` is also its kubeconfig's file name."""

    name: str
    user: str
    group: str = ""


ADMIN = Identity("admin", "admin", "system:masters")
COMPONENTS = (
    Identity("controller-manager", "system:kube-controller-manager"),
    Identity("scheduler", "system:kube-scheduler"),
    Identity("proxy", "system:kube-proxy"),
    Identity("kubelet", "system:node:node-1", "system:nodes"),
)


def make_keys(folder: Path, *, port: int, component_address: str, names: Sequence[str]) -> None:
    """Fill `folder`; a no-op when it is full. `names` are the API server's, as `DNS:x` or `IP:x`.

    The admin reaches the API server over the loopback, the components at `component_address`.
    """
    tokens = folder / "tokens.csv"
    if tokens.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    _make_authority(folder)
    _make_pair(folder, "api-server", "/CN=kube-apiserver", names)
    _make_pair(folder, "kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client", ())
    run(["openssl", "genrsa", "-out", str(folder / "service-accounts.key"), "2048"])
    rows = [_issue(folder, ADMIN, f"https://127.0.0.1:{port}")]
    rows += [_issue(folder, identity, f"https://{component_address}:{port}") for identity in COMPONENTS]
    tokens.write_text("".join(rows))


def _make_authority(folder: Path) -> None:
    key, certificate = str(folder / "ca.key"), str(folder / "ca.crt")
    subject = ["-subj", "/CN=scheduledtask-cluster", "-days", VALID_DAYS]
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, "-keyout", key, "-out", certificate])


def _make_pair(folder: Path, name: str, subject: str, names: Sequence[str]) -> None:
    key, request, certificate = (str(folder / f"{name}.{kind}") for kind in ("key", "csr", "crt"))
    extensions = folder / f"{name}.extensions"
    extensions.write_text(f"subjectAltName={','.join(names)}\n" if names else "")
    run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", key, "-out", request])
    authority = ["-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key"), "-CAcreateserial"]
    signing = ["-days", VALID_DAYS, "-extfile", str(extensions)]
    run(["openssl", "x509", "-req", "-in", request, *authority, *signing, "-out", certificate])


def _issue(folder: Path, identity: Identity, server: str) -> str:
    """Write the identity's kubeconfig; its line of the API server's token file."""
    token = secrets.token_hex(16)
    path = folder / f"{identity.name}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(_kubeconfig(folder, server, identity.name, token)))
    return f'{token},{identity.user},{identity.user},"{identity.group}"\n'


def _kubeconfig(folder: Path, server: str, user: str, token: str) -> dict[str, object]:
    authority = base64.b64encode((folder / "ca.crt").read_bytes()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user}}],
        "current-context": CONTEXT,
    }
