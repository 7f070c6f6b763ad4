"""A pool's workers: their Deployment, the budget that keeps busy ones from eviction, and what they share."""

import math
from collections.abc import Sequence
from typing import Any

from scheduledtask_operator.api.resource import API_VERSION, KIND
from scheduledtask_operator.decisions.sizing import MIB, Owner, PoolShape, WorkerSize
from scheduledtask_operator.manifests.heartbeat import HEARTBEAT_FILE, heartbeat_probes
from scheduledtask_operator.manifests.naming import (
    BUSY_LABEL,
    REDIS_SECRET,
    REDIS_SECRET_KEY,
    WORKER_COMPONENT,
    WORKER_CONTAINER,
    WORKER_SERVICE_ACCOUNT,
    component_labels,
    pool_labels,
    pool_object_name,
)
from scheduledtask_operator.manifests.pod_template import HOST_VARIABLE, REDIS_VARIABLE, merged_template
from scheduledtask_operator.manifests.security import container_security, pod_security
from scheduledtask_operator.manifests.worker_redis import with_authorities
from scheduledtask_workloads.contract.secrets import SecretReference

DEFAULT_PULL_POLICY = "IfNotPresent"
Json = dict[str, Any]


def worker_deployment(
    namespace: str,
    pool: str,
    shape: PoolShape,
    *,
    image_pull_policy: str = DEFAULT_PULL_POLICY,
    redis_authorities: bool = False,
) -> Json:
    """Without `replicas`, which are set through /scale alone. Raises PodTemplateError.

    With `redis_authorities`, the namespace's Secret has the CAs that vouch for Redis.
    A changed template brings a new pod up first; the old one then ends its run within its grace.
    """
    ours = _pod_template(namespace, pool, shape, image_pull_policy)
    if redis_authorities:
        ours = with_authorities(ours)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(namespace, pool, shape.owners),
        "spec": {
            "selector": {"matchLabels": pool_labels(pool)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "revisionHistoryLimit": 1,
            "template": merged_template(ours, shape.pod_template),
        },
    }


def disruption_budget(namespace: str, pool: str, owners: Sequence[Owner]) -> Json:
    """No pod with a run under way is evicted."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(namespace, pool, owners),
        "spec": {
            "maxUnavailable": 0,
            "selector": {"matchLabels": {**pool_labels(pool), BUSY_LABEL: "true"}},
        },
    }


def worker_service_account(namespace: str) -> Json:
    """Bound to nothing, and its token is mounted nowhere."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": WORKER_SERVICE_ACCOUNT,
            "namespace": namespace,
            "labels": component_labels(WORKER_COMPONENT),
        },
        "automountServiceAccountToken": False,
    }


def _metadata(namespace: str, pool: str, owners: Sequence[Owner]) -> Json:
    references = [
        {"apiVersion": API_VERSION, "kind": KIND, "name": owner.name, "uid": owner.uid} for owner in owners if owner.uid
    ]
    return {
        "name": pool_object_name(pool),
        "namespace": namespace,
        "labels": pool_labels(pool),
        "ownerReferences": references,
    }


def _pod_template(namespace: str, pool: str, shape: PoolShape, image_pull_policy: str) -> Json:
    return {
        "metadata": {
            "labels": pool_labels(pool),
            # The autoscaler else keeps a node for a pod with an emptyDir; the budget keeps it for a busy one.
            "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"},
        },
        "spec": {
            **pod_basics(),
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": math.ceil(shape.grace_seconds),
            "topologySpreadConstraints": [_spread(pool)],
            "containers": [_worker(namespace, pool, shape, image_pull_policy)],
        },
    }


def pod_basics() -> Json:
    """What every pod of ours in a user's namespace is like."""
    return {
        "serviceAccountName": WORKER_SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }


def _spread(pool: str) -> Json:
    return {
        "topologyKey": "kubernetes.io/hostname",
        "maxSkew": 1,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": pool_labels(pool)},
    }


def _worker(namespace: str, pool: str, shape: PoolShape, image_pull_policy: str) -> Json:
    options = {
        "namespace": namespace,
        "pool": pool,
        "concurrency": shape.size.runs_per_pod,
        "heartbeat-file": HEARTBEAT_FILE,
    }
    return {
        "name": WORKER_CONTAINER,
        "image": shape.image,
        "imagePullPolicy": image_pull_policy,
        "command": ["scheduledtask", "worker", *(f"--{name}={value}" for name, value in options.items())],
        "env": [
            {"name": HOST_VARIABLE, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            _from_secret(REDIS_VARIABLE, SecretReference(REDIS_SECRET, REDIS_SECRET_KEY)),
            *(_from_secret(reference.variable, reference) for reference in shape.secrets),
        ],
        "resources": _resources(shape.size),
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
        **heartbeat_probes(),
    }


def _from_secret(variable: str, reference: SecretReference) -> Json:
    """A Secret that is not there keeps the pod from starting, as everywhere in Kubernetes: runs wait for it."""
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": reference.name, "key": reference.key}}}


def _resources(size: WorkerSize) -> Json:
    return {
        "requests": {"memory": _mebibytes(size.memory_request_bytes), "cpu": f"{size.cpu_request_millicores}m"},
        "limits": {"memory": _mebibytes(size.memory_limit_bytes)},
    }


def _mebibytes(memory_bytes: int) -> str:
    return f"{math.ceil(memory_bytes / MIB)}Mi"
