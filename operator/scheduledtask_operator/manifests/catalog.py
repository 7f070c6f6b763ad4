"""The pod that prints an image's catalog document."""

from collections.abc import Mapping
from typing import Any

from scheduledtask_operator.manifests.naming import (
    CATALOG_COMPONENT,
    WORKER_CONTAINER,
    catalog_pod_name,
    component_labels,
)
from scheduledtask_operator.manifests.pod_template import refuse_bad_template
from scheduledtask_operator.manifests.security import container_security
from scheduledtask_operator.manifests.strategic_merge import strategic_merge
from scheduledtask_operator.manifests.workers import DEFAULT_PULL_POLICY, pod_basics

DEADLINE_SECONDS = 300  # a large image must be pulled, and its libraries imported, within
_COMMAND = ["python", "-m", "scheduledtask_workloads.catalog"]  # one line of JSON; all else goes to standard error
_RESOURCES = {"requests": {"memory": "256Mi", "cpu": "100m"}, "limits": {"memory": "2Gi"}}

Json = dict[str, Any]


def catalog_pod(
    namespace: str,
    image: str,
    pod_template: Mapping[str, Any] | None = None,
    *,
    image_pull_policy: str = DEFAULT_PULL_POLICY,
) -> Json:
    """The document is the last line of its log. Raises PodTemplateError.

    Of the user's template it takes what the image may need to start at all: secrets to pull it, where it may run, the
    worker's variables and volumes; not other containers, and not the worker's resources.
    """
    container = _container(image, image_pull_policy)
    refuse_bad_template(pod_template)
    spec: Json = strategic_merge({"spec": {**pod_basics(), "containers": [container]}}, pod_template or {})["spec"]
    asked: Json = next((item for item in spec["containers"] if item["name"] == WORKER_CONTAINER), {})
    own = {name: container[name] for name in ("name", "image", "command", "resources")}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": catalog_pod_name(image),
            "namespace": namespace,
            "labels": component_labels(CATALOG_COMPONENT),
        },
        "spec": {
            **{name: value for name, value in spec.items() if name != "initContainers"},
            "restartPolicy": "Never",
            "activeDeadlineSeconds": DEADLINE_SECONDS,
            "terminationGracePeriodSeconds": 0,
            "containers": [{**_without_probes(asked), **own}],
        },
    }


def _container(image: str, image_pull_policy: str) -> Json:
    return {
        "name": WORKER_CONTAINER,
        "image": image,
        "imagePullPolicy": image_pull_policy,
        "command": _COMMAND,
        "resources": _RESOURCES,
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
    }


def _without_probes(container: Json) -> Json:
    """Nor hooks: it is a short program of another kind."""
    unwanted = ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "args", "ports")
    return {name: value for name, value in container.items() if name not in unwanted}
