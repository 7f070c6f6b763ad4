"""Kubernetes' strategic merge of a user's pod template over ours.

Objects are merged field by field and null removes a field. A list is merged item by item where the API names a key for
it, else replaced. `$patch` (replace, delete) and `$retainKeys` do what they do for `kubectl patch`:
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
A volume replaces ours of the same name, as it does in `kubectl apply`, since it can be of one kind only.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

Json = dict[str, Any]

# x-kubernetes-patch-merge-key of the published schema, by path; an empty key: a set of plain values.
MERGE_KEYS: Mapping[str, str] = {
    "metadata.finalizers": "",
    "metadata.ownerReferences": "uid",
    "spec.containers": "name",
    "spec.containers.env": "name",
    "spec.containers.ports": "containerPort",
    "spec.containers.volumeDevices": "devicePath",
    "spec.containers.volumeMounts": "mountPath",
    "spec.hostAliases": "ip",
    "spec.imagePullSecrets": "name",
    "spec.initContainers": "name",
    "spec.initContainers.env": "name",
    "spec.initContainers.ports": "containerPort",
    "spec.initContainers.volumeDevices": "devicePath",
    "spec.initContainers.volumeMounts": "mountPath",
    "spec.resourceClaims": "name",
    "spec.schedulingGates": "name",
    "spec.topologySpreadConstraints": "topologyKey",
    "spec.volumes": "name",
    "spec.volumes.ephemeral.volumeClaimTemplate.metadata.finalizers": "",
    "spec.volumes.ephemeral.volumeClaimTemplate.metadata.ownerReferences": "uid",
}
REPLACED_ITEMS = frozenset({"spec.volumes", "spec.resourceClaims"})  # patch strategy "retainKeys"
_PATCH, _RETAIN_KEYS = "$patch", "$retainKeys"


class PodTemplateError(ValueError):
    """A pod template that cannot be merged; the message names field, value and fix."""


def strategic_merge(original: Mapping[str, Any], patch: Mapping[str, Any], path: str = "") -> Json:
    """`patch` laid over `original`, both unchanged; `path` is where in a pod template they are.

    Raises PodTemplateError.
    """
    match patch.get(_PATCH):
        case "replace":
            return _plain(patch, path)
        case "delete":
            return {}
        case None | "merge":
            return _merge_fields(original, patch, path)
        case unknown:
            raise PodTemplateError(f"{_field(path, _PATCH)}: {unknown!r} is not known; write replace, merge or delete")


def _merge_fields(original: Mapping[str, Any], patch: Mapping[str, Any], path: str) -> Json:
    kept = patch.get(_RETAIN_KEYS)
    merged = {name: deepcopy(value) for name, value in original.items() if kept is None or name in kept}
    for name, value in _fields(patch, path):
        if value is None or (isinstance(value, Mapping) and value.get(_PATCH) == "delete"):
            merged.pop(name, None)
        else:
            merged[name] = _merge_value(merged.get(name), value, _join(path, name))
    return merged


def _merge_value(original: Any, value: Any, path: str) -> Any:
    if path in MERGE_KEYS:
        if not isinstance(value, list):
            raise PodTemplateError(f"{_field(path)}: {value!r} is not a list; write one")
        return _merge_list(original if isinstance(original, list) else [], value, path)
    if isinstance(value, Mapping):
        return strategic_merge(original if isinstance(original, Mapping) else {}, value, path)
    if isinstance(value, list):
        return [_plain(item, path) if isinstance(item, Mapping) else item for item in value]
    return value


def _merge_list(original: Sequence[Any], patch: Sequence[Any], path: str) -> list[Any]:
    key = MERGE_KEYS[path]
    if not key:
        return [*original, *(value for value in patch if value not in original)]
    merged = {} if any(_is_replacing(item, key) for item in patch) else {item[key]: item for item in original}
    for item in patch:
        if _is_replacing(item, key):
            continue
        identity = _identity(item, key, path)
        if item.get(_PATCH) == "delete":
            merged.pop(identity, None)
        else:
            over = {} if path in REPLACED_ITEMS else merged.get(identity, {})
            merged[identity] = strategic_merge(over, item, path)
    return [deepcopy(item) for item in merged.values()]


def _is_replacing(item: Any, key: str) -> bool:
    """An item without a key that says of the whole list that it replaces ours."""
    return isinstance(item, Mapping) and item.get(_PATCH) == "replace" and key not in item


def _identity(item: Any, key: str, path: str) -> Any:
    identity = item.get(key) if isinstance(item, Mapping) else None
    if not isinstance(identity, str | int):
        raise PodTemplateError(f"{_field(path)}: {item!r} has no {key}, by which items of this list are known; give it")
    return identity


def _plain(patch: Mapping[str, Any], path: str) -> Json:
    return strategic_merge({}, {name: value for name, value in patch.items() if name != _PATCH}, path)


def _fields(patch: Mapping[str, Any], path: str) -> list[tuple[str, Any]]:
    for name in patch:
        if name.startswith("$") and name not in (_PATCH, _RETAIN_KEYS):
            raise PodTemplateError(f"{_field(path, name)}: is not supported; write the whole list, or $patch: delete")
    return [(name, value) for name, value in patch.items() if not name.startswith("$")]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _field(*parts: str) -> str:
    return ".".join(["spec.worker.podTemplate", *filter(None, parts)])
