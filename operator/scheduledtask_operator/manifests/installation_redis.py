"""The Redis of an installation: broker, admission and run ledger. One server, its log synced each second."""

from typing import Any

from scheduledtask_operator.manifests.installation_names import (
    REDIS_NAME,
    labels,
    metadata,
    mount,
    password_variable,
    service_account,
)
from scheduledtask_operator.manifests.security import container_security, pod_security

Manifest = dict[str, Any]

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
        service_account(REDIS_NAME, namespace),
        _service(namespace),
        _stateful_set(namespace, _pod(image, pull_policy), storage),
    )


def _service(namespace: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(REDIS_NAME, namespace),
        "spec": {"selector": labels(REDIS_NAME), "ports": [{"name": "redis", "port": PORT, "targetPort": "redis"}]},
    }


def _stateful_set(namespace: str, pod: Manifest, storage: str) -> Manifest:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(REDIS_NAME, namespace),
        "spec": {
            "replicas": 1,
            "serviceName": REDIS_NAME,
            "selector": {"matchLabels": labels(REDIS_NAME)},
            "template": {"metadata": {"labels": labels(REDIS_NAME)}, "spec": pod},
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
    return {
        "name": "redis",
        "image": image,
        "imagePullPolicy": pull_policy,
        "command": ["sh", "-c", _START],
        "env": [password_variable()],
        "ports": [{"name": "redis", "containerPort": PORT}],
        "volumeMounts": [mount("data", "/data")],
        "securityContext": container_security(),
        "readinessProbe": {"tcpSocket": {"port": "redis"}, "periodSeconds": 2},
        "livenessProbe": {"tcpSocket": {"port": "redis"}, "periodSeconds": 10, "timeoutSeconds": 5},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
    }
