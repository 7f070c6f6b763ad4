"""The user's pod template over ours: theirs wins, but for what ties a pod to its pool, its queue and its heartbeat."""

from collections.abc import Mapping
from typing import Any

from scheduledtask_operator.manifests.naming import WORKER_CONTAINER
from scheduledtask_operator.manifests.strategic_merge import PodTemplateError, strategic_merge

HOST_VARIABLE = "SCHEDULEDTASK_HOST"
REDIS_VARIABLE = "SCHEDULEDTASK_REDIS_URL"
OWN_VARIABLES = (HOST_VARIABLE, REDIS_VARIABLE)
_OWN_LABELS = ("app.kubernetes.io/managed-by", "app.kubernetes.io/component")
_OWN_LABEL_PREFIX = "scheduledtask.dev/"
_OWN_CONTAINER_FIELDS = ("command", "args", "startupProbe", "readinessProbe", "livenessProbe")
_ROOT = "spec.worker.podTemplate"
_BARE: Mapping[str, Any] = {
    "metadata": {"labels": {}},
    "spec": {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": WORKER_CONTAINER, "env": []}],
    },
}

Json = dict[str, Any]


def merged_template(ours: Mapping[str, Any], theirs: Mapping[str, Any] | None) -> Json:
    """Labels, the worker's image, command, probes and own variables stay ours, and the longer grace is taken.

    Raises PodTemplateError when theirs is of a form that cannot be merged.
    """
    merged = strategic_merge(ours, theirs or {})
    metadata, spec = merged.setdefault("metadata", {}), merged.setdefault("spec", {})
    metadata["labels"] = {**metadata.get("labels", {}), **ours["metadata"]["labels"]}
    grace = "terminationGracePeriodSeconds"
    asked_grace = spec.get(grace)
    spec[grace] = max(asked_grace, ours["spec"][grace]) if isinstance(asked_grace, int) else ours["spec"][grace]
    spec["restartPolicy"] = ours["spec"]["restartPolicy"]
    spec["containers"] = _containers(worker_container(ours), spec.get("containers", []))
    return merged


def template_problems(theirs: Mapping[str, Any] | None) -> tuple[str, ...]:
    """One line, with field and fix, for each thing that cannot be theirs; what the API server decides is not among it.

    A template that has some is not to be used: what they say would not be done.
    """
    if not theirs:
        return ()
    try:
        merged_template(_BARE, theirs)
        merged = strategic_merge({"spec": {"containers": [{"name": WORKER_CONTAINER}]}}, theirs)
        return tuple(_label_problems(merged) + _spec_problems(merged["spec"]))
    except PodTemplateError as error:
        return (str(error),)
    except (AttributeError, KeyError, TypeError):
        return (f"{_ROOT}: is not a pod template; write metadata and spec as in a Deployment's spec.template",)


def worker_container(template: Mapping[str, Any]) -> Json:
    """Of a template of ours, which has one."""
    container: Json = next(item for item in template["spec"]["containers"] if item["name"] == WORKER_CONTAINER)
    return container


def _containers(ours: Json, merged: list[Json]) -> list[Json]:
    theirs = next((item for item in merged if item["name"] == WORKER_CONTAINER), {})
    others = [item for item in merged if item["name"] != WORKER_CONTAINER]
    fixed = {name: ours[name] for name in ("name", "image", *_OWN_CONTAINER_FIELDS) if name in ours}
    kept = {name: value for name, value in theirs.items() if name not in _OWN_CONTAINER_FIELDS}
    own = [variable for variable in ours["env"] if variable["name"] in OWN_VARIABLES]
    env = [variable for variable in theirs.get("env", []) if variable["name"] not in OWN_VARIABLES]
    return [{**kept, **fixed, "env": [*own, *env]}, *others]


def _label_problems(merged: Json) -> list[str]:
    labels = merged.get("metadata", {}).get("labels", {})
    return [
        f"{_ROOT}.metadata.labels[{name}]: is the operator's own; leave it out"
        for name in labels
        if name in _OWN_LABELS or name.startswith(_OWN_LABEL_PREFIX)
    ]


def _spec_problems(spec: Json) -> list[str]:
    problems = []
    if spec.get("restartPolicy", "Always") != "Always":
        problems.append(f"{_ROOT}.spec.restartPolicy: {spec['restartPolicy']!r}: workers need Always; leave it out")
    worker = next((item for item in spec.get("containers", []) if item["name"] == WORKER_CONTAINER), None)
    if worker is None:
        return [*problems, f"{_ROOT}.spec.containers: no container {WORKER_CONTAINER!r} is left; do not remove it"]
    return problems + _worker_problems(worker)


def _worker_problems(worker: Json) -> list[str]:
    field = f"{_ROOT}.spec.containers[{WORKER_CONTAINER}]"
    problems = [
        f"{field}.{name}: is the operator's own; leave it out" for name in _OWN_CONTAINER_FIELDS if name in worker
    ]
    if "image" in worker:
        problems.append(f"{field}.image: {worker['image']!r}: is set by spec.worker.image; write it there")
    own = [variable["name"] for variable in worker.get("env", []) if variable["name"] in OWN_VARIABLES]
    return problems + [f"{field}.env[{name}]: is the operator's own; leave it out" for name in own]
