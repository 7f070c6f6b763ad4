"""The pod of the control plane: operator, scheduler and runners, each with only what it is trusted with."""

from dataclasses import dataclass
from typing import Any

from scheduledtask_operator.manifests.installation_names import (
    NAME,
    REDIS_NAME,
    container_security,
    labels,
    metadata,
    mount,
    pod_security,
)

Manifest = dict[str, Any]

COMPONENT = "operator"
CONTROL_FOLDER = "/run/scheduledtask/control"
RUNNERS_FOLDER = "/run/scheduledtask/runners"
CONTROL_SOCKET = f"{CONTROL_FOLDER}/control.sock"
RUNNERS_SOCKET = f"{RUNNERS_FOLDER}/runners.sock"
TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105  where clients look for it
TOKEN_SECONDS = 3600
HEARTBEAT_FILE = "/tmp/heartbeat"  # noqa: S108  each container has a /tmp of its own
STALE_SECONDS = 20
RUNNER_PROCESSES = 4


@dataclass(frozen=True, slots=True)
class PodSettings:
    """`redis_address` is HOST:PORT/DB, as pods of any namespace can reach it."""

    namespace: str
    operator_image: str
    scheduler_image: str
    runners_image: str
    worker_image: str
    image_pull_policy: str
    redis_address: str


def operator_deployment(settings: PodSettings) -> Manifest:
    """Two pods, of which one leads and the other is ready to."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(NAME, settings.namespace, COMPONENT),
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels(COMPONENT)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": labels(COMPONENT)}, "spec": _pod(settings)},
        },
    }


def disruption_budget(namespace: str) -> Manifest:
    """One of the two pods at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(NAME, namespace, COMPONENT),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels(COMPONENT)}},
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
    term = {"labelSelector": {"matchLabels": labels(COMPONENT)}, "topologyKey": "kubernetes.io/hostname"}
    return {"weight": 100, "podAffinityTerm": term}


def _operator(settings: PodSettings) -> Manifest:
    """The only one with a token."""
    arguments = [
        "operator",
        f"--control-socket={CONTROL_SOCKET}",
        "--http-port=8080",
        f"--lease-name={NAME}",
        f"--worker-image={settings.worker_image}",
        f"--image-pull-policy={settings.image_pull_policy}",
        f"--worker-redis-url=redis://{settings.redis_address}",
    ]
    return {
        **_container("operator", settings.operator_image, settings, arguments),
        "env": [_own_field("POD_NAMESPACE", "metadata.namespace"), _own_field("POD_NAME", "metadata.name")],
        "ports": [{"name": "http", "containerPort": 8080}],
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
        "env": [redis_password(), {"name": "SCHEDULEDTASK_REDIS_URL", "value": url}],
        "volumeMounts": [
            mount("control", CONTROL_FOLDER),
            mount("runners", RUNNERS_FOLDER),
            mount("scheduler-tmp", "/tmp"),  # noqa: S108
        ],
        **_heartbeat_probes(),
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
        **_heartbeat_probes(),
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "2Gi"}},
    }


def _container(name: str, image: str, settings: PodSettings, arguments: list[str]) -> Manifest:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": settings.image_pull_policy,
        "args": arguments,
        "securityContext": container_security(),
    }


def _own_field(name: str, path: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def redis_password() -> Manifest:
    """The variable REDIS_PASSWORD, from the Secret."""
    return {
        "name": "REDIS_PASSWORD",
        "valueFrom": {"secretKeyRef": {"name": REDIS_NAME, "key": "password"}},
    }


def _http(path: str) -> Manifest:
    return {"httpGet": {"path": path, "port": "http"}}


def _heartbeat_probes() -> dict[str, Manifest]:
    """The program touches its file each second. Twice in a row: a clock that was set forward makes each file look old
    until its next touch. Only the shell and coreutils: to start Python for a probe costs more than what is probed."""
    script = f"test $(($(date +%s) - $(stat -c %Y {HEARTBEAT_FILE}))) -lt {STALE_SECONDS}"

    def probe() -> Manifest:
        return {"exec": {"command": ["sh", "-c", script]}, "timeoutSeconds": 5}

    return {
        "startupProbe": {**probe(), "periodSeconds": 2, "failureThreshold": 60},
        "livenessProbe": {**probe(), "periodSeconds": 10, "failureThreshold": 2},
    }


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
