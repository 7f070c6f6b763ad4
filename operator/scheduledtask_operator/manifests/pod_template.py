"""The user's pod template over ours: theirs wins, but for what ties a pod to its pool, its queue and its heartbeat."""

from collections.abc import Iterator, Mapping
from typing import Any

from scheduledtask_operator.manifests.naming import WORKER_CONTAINER, pool_labels
from scheduledtask_operator.manifests.strategic_merge import PodTemplateError, strategic_merge

HOST_VARIABLE = "SCHEDULEDTASK_HOST"
REDIS_VARIABLE = "SCHEDULEDTASK_REDIS_URL"
_OWN = "is the operator's own; leave it out"
_OWN_LABEL_PREFIX = "scheduledtask.dev/"
_OWN_CONTAINER_FIELDS = {
    "image": "is set by spec.worker.image; write it there",
    **dict.fromkeys(("command", "args", "startupProbe", "readinessProbe", "livenessProbe"), _OWN),
}
_ROOT = "spec.worker.podTemplate"
_GRACE = "terminationGracePeriodSeconds"

Json = dict[str, Any]

# What must be found unchanged after any merge; `args` by not being there.
_BARE: Mapping[str, Any] = {
    "metadata": {"labels": pool_labels("p")},
    "spec": {
        "restartPolicy": "Always",
        "containers": [
            {
                "name": WORKER_CONTAINER,
                **{name: ["ours"] for name in _OWN_CONTAINER_FIELDS if name != "args"},
                "env": [{"name": HOST_VARIABLE}, {"name": REDIS_VARIABLE}],
            }
        ],
    },
}


def merged_template(ours: Mapping[str, Any], theirs: Mapping[str, Any] | None) -> Json:
    """Of the two graces the longer. Raises PodTemplateError."""
    refuse_bad_template(theirs)
    merged = strategic_merge(ours, theirs or {})
    asked, needed = merged["spec"].get(_GRACE), ours["spec"][_GRACE]
    merged["spec"][_GRACE] = max(asked, needed) if isinstance(asked, int) else needed
    return merged


def refuse_bad_template(theirs: Mapping[str, Any] | None) -> None:
    """Raises PodTemplateError with all of `template_problems`."""
    problems = template_problems(theirs)
    if problems:
        raise PodTemplateError("; ".join(problems))


def template_problems(theirs: Mapping[str, Any] | None) -> tuple[str, ...]:
    """One line, with field and fix, for each thing that cannot be theirs. The rest is the API server's to judge."""
    try:
        merged = strategic_merge(_BARE, theirs or {})
        return (*_label_problems(merged["metadata"]["labels"]), *_spec_problems(merged["spec"]))
    except PodTemplateError as error:
        return (str(error),)
    except (AttributeError, KeyError, TypeError):
        return (f"{_ROOT}: is not a pod template; write metadata and spec as in a Deployment's spec.template",)


def _label_problems(labels: Mapping[str, Any]) -> Iterator[str]:
    ours = _BARE["metadata"]["labels"]
    own = {name for name in labels if name.startswith(_OWN_LABEL_PREFIX)} | ours.keys()
    for name in sorted(own):
        if labels.get(name) != ours.get(name):
            yield f"{_ROOT}.metadata.labels[{name}]: {_OWN}"


def _spec_problems(spec: Json) -> Iterator[str]:
    if spec.get("restartPolicy") != "Always":
        yield f"{_ROOT}.spec.restartPolicy: {spec.get('restartPolicy')!r}: workers need Always; leave it out"
    worker = next((item for item in spec.get("containers") or () if item["name"] == WORKER_CONTAINER), None)
    if worker is None:
        yield f"{_ROOT}.spec.containers: no container {WORKER_CONTAINER!r} is left; do not remove it"
    else:
        yield from _worker_problems(worker)


def _worker_problems(worker: Json) -> Iterator[str]:
    field, ours = f"{_ROOT}.spec.containers[{WORKER_CONTAINER}]", _BARE["spec"]["containers"][0]
    for name, fix in _OWN_CONTAINER_FIELDS.items():
        if worker.get(name) != ours.get(name):
            yield f"{field}.{name}: {fix}"
    for variable in ours["env"]:
        if variable not in (worker.get("env") or ()):
            yield f"{field}.env[{variable['name']}]: {_OWN}"
