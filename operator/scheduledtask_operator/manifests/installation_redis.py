"""The Redis of an installation: broker, admission and run ledger. One server, its log synced each second."""

from typing import Any

from scheduledtask_operator.manifests.installation_names import (
    PART_OF,
    REDIS_NAME,
    container_security,
    labels,
    metadata,
    mount,
    pod_security,
)
from scheduledtask_operator.manifests.installation_pod import redis_password

Manifest = dict[str, Any]

COMPONENT = "redis"
PORT = 6379
# `default` is who connects with the installation's password; the users of the namespaces' workers stand beside it. With
# an ACL file the server ignores `requirepass`, so its line is written here, anew at each start.
_START = """\
set -eu
umask 077
users=/data/users.acl
password=$(printf %s "$REDIS_PASSWORD" | sha256sum | cut -d ' ' -f 1)
touch $users
{ echo "user default on #$password ~* &* +@all"; grep -v '^user default ' $users || true; } > $users.new
mv $users.new $users
unset REDIS_PASSWORD
exec "$(command -v valkey-server || command -v redis-server)" --dir /data --aclfile $users --port 6379 \\
  --appendonly yes --appendfsync everysec --save '' --maxmemory 512mb --maxmemory-policy noeviction
"""


def redis_address(namespace: str) -> str:
    """HOST:PORT/DB, for pods of any namespace."""
    return f"{REDIS_NAME}.{namespace}.svc:{PORT}/0"


def redis_objects(namespace: str, image: str, pull_policy: str, storage: str) -> tuple[Manifest, ...]:
    """Service account, Service and StatefulSet; `storage` is the claim's size."""
    return (
        _service_account(namespace),
        _service(namespace),
        _stateful_set(namespace, _pod(image, pull_policy), storage),
    )


def _service_account(namespace: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": REDIS_NAME,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/part-of": PART_OF},
        },
        "automountServiceAccountToken": False,
    }


def _service(namespace: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(REDIS_NAME, namespace, COMPONENT),
        "spec": {"selector": labels(COMPONENT), "ports": [{"name": "redis", "port": PORT, "targetPort": "redis"}]},
    }


def _stateful_set(namespace: str, pod: Manifest, storage: str) -> Manifest:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(REDIS_NAME, namespace, COMPONENT),
        "spec": {
            "replicas": 1,
            "serviceName": REDIS_NAME,
            "selector": {"matchLabels": labels(COMPONENT)},
            "template": {"metadata": {"labels": labels(COMPONENT)}, "spec": pod},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
        },
    }


def _pod(image: str, pull_policy: str) -> Manifest:
    return {
        "serviceAccountName": REDIS_NAME,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [_container(image, pull_policy)],
    }


def _container(image: str, pull_policy: str) -> Manifest:
    """A server that rewrites its log holds up to twice its data, hence the limit."""
    connects = {"tcpSocket": {"port": "redis"}}
    return {
        "name": "redis",
        "image": image,
        "imagePullPolicy": pull_policy,
        "command": ["sh", "-c", _START],
        "env": [redis_password()],
        "ports": [{"name": "redis", "containerPort": PORT}],
        "volumeMounts": [mount("data", "/data")],
        "securityContext": container_security(),
        "readinessProbe": {**connects, "periodSeconds": 2},
        "livenessProbe": {**connects, "periodSeconds": 10, "timeoutSeconds": 5},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
    }
