"""The pod of the control plane: operator, scheduler and runners, each with only what it is trusted with."""

from dataclasses import dataclass
from typing import Any

from scheduledtask_operator.manifests.heartbeat import HEARTBEAT_FILE, heartbeat_probes
from scheduledtask_operator.manifests.installation_names import NAME, labels, metadata, mount, password_variable
from scheduledtask_operator.manifests.security import container_security, pod_security

Manifest = dict[str, Any]

CONTROL_FOLDER = "/run/scheduledtask/control"
RUNNERS_FOLDER = "/run/scheduledtask/runners"
CONTROL_SOCKET = f"{CONTROL_FOLDER}/control.sock"
RUNNERS_SOCKET = f"{RUNNERS_FOLDER}/runners.sock"
TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105  where clients look for it
TOKEN_SECONDS = 3600
HTTP_PORT = 8080
RUNNER_PROCESSES = 4


@dataclass(frozen=True, slots=True)
class PodSettings:
    """`redis_address` is HOST:PORT/DB, as pods of any namespace can reach it."""

    namespace: str
    operator_image: str
    scheduler_image: str
    runners_image: str
    worker_image: str
    artifacts_url: str
    image_pull_policy: str
    redis_address: str


def operator_deployment(settings: PodSettings) -> Manifest:
    """Two pods, of which one leads and the other is ready to."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(NAME, settings.namespace),
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels(NAME)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": labels(NAME)}, "spec": _pod(settings)},
        },
    }


def disruption_budget(namespace: str) -> Manifest:
    """One of the two pods at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(NAME, namespace),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels(NAME)}},
    }


def _pod(settings: PodSettings) -> Manifest:
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,  # the runners let light bodies go on for ten
        "securityContext": pod_security(),
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [_on_another_node()]}},
        "containers": [_operator(settings), _scheduler(settings), _runners(settings)],
        "volumes": _volumes(),
    }


def _on_another_node() -> Manifest:
    term = {"labelSelector": {"matchLabels": labels(NAME)}, "topologyKey": "kubernetes.io/hostname"}
    return {"weight": 100, "podAffinityTerm": term}


def _operator(settings: PodSettings) -> Manifest:
    """The only one with a token."""
    arguments = [
        "operator",
        f"--control-socket={CONTROL_SOCKET}",
        f"--http-port={HTTP_PORT}",
        f"--lease-name={NAME}",
        f"--worker-image={settings.worker_image}",
        f"--image-pull-policy={settings.image_pull_policy}",
        f"--worker-redis-url=redis://{settings.redis_address}",
    ]
    if settings.artifacts_url:
        arguments.append(f"--artifacts-url={settings.artifacts_url}")
    return {
        **_container("operator", settings.operator_image, settings, arguments),
        "env": [_own_field("POD_NAMESPACE", "metadata.namespace"), _own_field("POD_NAME", "metadata.name")],
        "ports": [{"name": "http", "containerPort": HTTP_PORT}],
        "volumeMounts": [
            mount("control", CONTROL_FOLDER),
            mount("token", TOKEN_FOLDER, readOnly=True),
            mount("operator-tmp", "/tmp"),  # noqa: S108
        ],
        "startupProbe": {**_http("/healthz"), "periodSeconds": 2, "failureThreshold": 60},
        "livenessProbe": {**_http("/healthz"), "periodSeconds": 10, "timeoutSeconds": 5},
        "readinessProbe": {**_http("/readyz"), "periodSeconds": 5, "timeoutSeconds": 5},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    }


def _scheduler(settings: PodSettings) -> Manifest:
    """The only one with Redis."""
    arguments = [
        "scheduler",
        f"--control-socket={CONTROL_SOCKET}",
        f"--runners-socket={RUNNERS_SOCKET}",
        f"--heartbeat-file={HEARTBEAT_FILE}",
    ]
    url = f"redis://:$(REDIS_PASSWORD)@{settings.redis_address}"
    return {
        **_container("scheduler", settings.scheduler_image, settings, arguments),
        "env": [password_variable(), {"name": "SCHEDULEDTASK_REDIS_URL", "value": url}],
        "volumeMounts": [
            mount("control", CONTROL_FOLDER),
            mount("runners", RUNNERS_FOLDER),
            mount("scheduler-tmp", "/tmp"),  # noqa: S108
        ],
        **heartbeat_probes(),
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    }


def _runners(settings: PodSettings) -> Manifest:
    """Here light bodies run: no token, no Redis, no socket but the one that the scheduler speaks on. The limit is that
    of four bodies at the 500 MB that a light run may have, and the program's own."""
    arguments = [
        "runners",
        f"--socket={RUNNERS_SOCKET}",
        f"--processes={RUNNER_PROCESSES}",
        f"--heartbeat-file={HEARTBEAT_FILE}",
    ]
    return {
        **_container("runners", settings.runners_image, settings, arguments),
        "volumeMounts": [mount("runners", RUNNERS_FOLDER), mount("runners-tmp", "/tmp")],  # noqa: S108
        **heartbeat_probes(),
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "2Gi"}},
    }


def _container(name: str, image: str, settings: PodSettings, arguments: list[str]) -> Manifest:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": settings.image_pull_policy,
        "args": arguments,
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _own_field(name: str, path: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _http(path: str) -> Manifest:
    return {"httpGet": {"path": path, "port": "http"}}


def _volumes() -> list[Manifest]:
    folders = ("control", "runners", "operator-tmp", "scheduler-tmp", "runners-tmp")
    return [{"name": "token", "projected": {"sources": _token_sources()}}] + [
        {"name": folder, "emptyDir": {}} for folder in folders
    ]


def _token_sources() -> list[Manifest]:
    """What Kubernetes mounts by itself where a token is not refused."""
    namespace = {"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]
