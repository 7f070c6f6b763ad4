"""What the parts of the installation are called, and how its pods are found."""

from typing import Any

NAME = "scheduledtask-operator"  # of the Deployment, its service account, its roles and its Lease
REDIS_NAME = "scheduledtask-redis"  # of the StatefulSet, its Service, its service account and the password's Secret
PASSWORD_KEY = "password"  # noqa: S105  of the Secret
PART_LABELS = {"app.kubernetes.io/part-of": "scheduledtask"}


def labels(name: str) -> dict[str, str]:
    """What selects the pods of NAME or of REDIS_NAME."""
    return {"app.kubernetes.io/name": name, **PART_LABELS}


def metadata(name: str, namespace: str) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "labels": labels(name)}


def service_account(name: str, namespace: str) -> dict[str, Any]:
    """No pod gets its token unless a container asks for it."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(name, namespace),
        "automountServiceAccountToken": False,
    }


def password_variable() -> dict[str, Any]:
    """REDIS_PASSWORD, from the Secret."""
    reference = {"name": REDIS_NAME, "key": PASSWORD_KEY}
    return {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": reference}}


def mount(volume: str, path: str, **fields: Any) -> dict[str, Any]:
    return {"name": volume, "mountPath": path, **fields}
