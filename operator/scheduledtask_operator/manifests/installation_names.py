"""Names and surroundings that the parts of the installation share."""

from typing import Any

NAME = "scheduledtask-operator"  # of the Deployment, its service account, its roles and its Lease
REDIS_NAME = "scheduledtask-redis"  # of the StatefulSet, its Service, its service account and the password's Secret
PART_OF = "scheduledtask"
USER_ID = 65532  # of our images


def labels(component: str) -> dict[str, str]:
    """What selects the pods of one component."""
    return {"app.kubernetes.io/name": f"scheduledtask-{component}", "app.kubernetes.io/part-of": PART_OF}


def metadata(name: str, namespace: str, component: str) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "labels": labels(component)}


def pod_security() -> dict[str, Any]:
    """A pod's part of what `restricted` Pod Security asks for."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """A container's part of it, and a root file system that nobody writes to."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def mount(volume: str, path: str, **fields: Any) -> dict[str, Any]:
    return {"name": volume, "mountPath": path, **fields}
