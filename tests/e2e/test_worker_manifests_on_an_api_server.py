"""A real API server takes what the builders make, under restricted Pod Security, and merges as they do."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.cluster.cluster import Api
from tests.cluster.errors import CommandFailedError

from scheduledtask_operator.decisions.sizing import Owner, PoolShape, RunNeed, size_worker
from scheduledtask_operator.manifests.catalog import catalog_pod
from scheduledtask_operator.manifests.strategic_merge import MERGE_KEYS, strategic_merge
from scheduledtask_operator.manifests.worker_redis import redis_secret
from scheduledtask_operator.manifests.workers import (
    disruption_budget,
    worker_deployment,
    worker_service_account,
)

NAMESPACE = "worker-manifests"
SHAPE = PoolShape("ours:1", None, size_worker([RunNeed(8 * 1024**3, 10 * 1024**3, 1000, 1)]), 7260, (Owner("a", "1"),))
Json = dict[str, Any]


@pytest.fixture(scope="module")
def server(api: Api) -> Iterator[Api]:
    api.kubectl("create", "namespace", NAMESPACE)
    api.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    apply(api, worker_service_account(NAMESPACE))
    apply(api, worker_deployment(NAMESPACE, "base", SHAPE))
    yield api
    api.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def apply(api: Api, manifest: Json, *options: str) -> Json:
    said = api.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--output=json",
        "--filename=-",
        *options,
        stdin=json.dumps(manifest),
    )
    answer: Json = json.loads(said)
    return answer


def test_everything_that_is_built_is_taken(server: Api) -> None:
    built = [
        worker_deployment(NAMESPACE, "p" * 52, SHAPE),
        disruption_budget(NAMESPACE, "p" * 52, SHAPE.owners),
        redis_secret(NAMESPACE, "redis://user:password@redis:6379/0"),
        catalog_pod(NAMESPACE, "ours:1"),
        catalog_pod(NAMESPACE, "ours:1", {"spec": {"nodeSelector": {"a": "b"}}}),
    ]
    for manifest in built:
        assert apply(server, manifest, "--dry-run=server")["metadata"]["name"] == manifest["metadata"]["name"]


def test_a_workers_pod_passes_restricted_pod_security(server: Api) -> None:
    template = worker_deployment(NAMESPACE, "base", SHAPE)["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**template["metadata"], "name": "as-the-deployment-would", "namespace": NAMESPACE}
    assert apply(server, pod, "--dry-run=server")["spec"]["serviceAccountName"] == "stask-worker"


def test_merge_keys_are_those_that_the_api_publishes(server: Api) -> None:
    schemas = json.loads(server.kubectl("get", "--raw", "/openapi/v3/apis/apps/v1"))["components"]["schemas"]
    published = dict(merge_keys(schemas, "io.k8s.api.core.v1.PodTemplateSpec"))
    assert published == MERGE_KEYS


def merge_keys(schemas: Json, name: str, path: str = "", above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for field, schema in schemas[name].get("properties", {}).items():
        here = f"{path}.{field}" if path else field
        if field in ("ephemeralContainers", "managedFields"):  # no part of a template
            continue
        if schema.get("x-kubernetes-patch-strategy", "").startswith("merge"):
            yield here, schema.get("x-kubernetes-patch-merge-key", "")
        for inner in references(schema):
            if inner not in above:
                yield from merge_keys(schemas, inner, here, (*above, inner))


def references(schema: Json) -> Iterator[str]:
    for part in (schema, schema.get("items", {}), schema.get("additionalProperties", {})):
        for one in [part, *part.get("allOf", [])] if isinstance(part, dict) else []:
            if "$ref" in one:
                yield one["$ref"].rsplit("/", 1)[-1]


def some_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=fields)


def keyed(key: str, names: list[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Json]]:
    """Items of a list that is merged by `key`, each name once."""
    item = st.builds(lambda name, rest: {key: name, **rest}, st.sampled_from(names), some_of(**fields))
    return st.lists(item, max_size=3, unique_by=lambda each: each[key])


deletes = st.just("delete")
plain_env = keyed("name", ["A", "B"], value=st.sampled_from(["x", ""]))
env = keyed("name", ["SCHEDULEDTASK_HOST", "A", "B"], value=st.sampled_from(["x", ""]), **{"$patch": deletes})
mounts = keyed("mountPath", ["/tmp", "/data"], name=st.just("tmp"), readOnly=st.booleans())
resources = some_of(
    limits=st.dictionaries(
        st.sampled_from(["memory", "nvidia.com/gpu"]), st.sampled_from(["64Gi", "70000Mi"]), max_size=2
    ),
    requests=st.none() | st.just({"cpu": "2"}),
)
container_fields = {
    "image": st.just("another:1"),
    "env": env,
    "volumeMounts": mounts,
    "resources": resources,
    "ports": keyed("containerPort", [80, 90], name=st.sampled_from(["web", "api"])),
    "args": st.lists(st.just("x"), max_size=2),
    "envFrom": st.lists(st.just({"secretRef": {"name": "s"}}), max_size=2),
    "securityContext": st.none() | some_of(runAsUser=st.just(7), capabilities=st.just({"add": ["CHOWN"]})),
    "livenessProbe": st.none() | st.just({"$patch": "replace", "tcpSocket": {"port": 80}}),
}
# The server does not look for directives in items that ours have not, and takes what was to be deleted.
containers = st.tuples(
    keyed("name", ["worker"], **container_fields),
    keyed("name", ["side"], **{**container_fields, "env": plain_env, "livenessProbe": st.none()}),
).map(lambda both: both[0] + both[1])
pod_templates = some_of(
    metadata=some_of(
        labels=st.dictionaries(st.sampled_from(["team", "tier"]), st.sampled_from(["a", "b"]), max_size=2),
        annotations=st.none() | st.just({"note": "x"}),
    ),
    spec=some_of(
        containers=containers,
        volumes=keyed("name", ["tmp", "data"], emptyDir=st.just({}), hostPath=st.just({"path": "/x"})),
        tolerations=st.lists(st.just({"operator": "Exists"}), max_size=1),
        imagePullSecrets=keyed("name", ["a", "b"]),
        hostAliases=keyed("ip", ["10.0.0.1"], hostnames=st.just(["h"])),
        nodeSelector=st.dictionaries(st.just("gpu"), st.sampled_from(["a", "b"]), max_size=1),
        securityContext=st.none() | some_of(runAsGroup=st.just(9), fsGroup=st.none()),
        topologySpreadConstraints=st.none()
        | keyed("topologyKey", ["kubernetes.io/hostname", "zone"], **{"$patch": deletes}),
        terminationGracePeriodSeconds=st.none() | st.integers(0, 9),
    ),
)


@settings(max_examples=30)
@given(pod_templates)
def test_our_merge_is_the_servers(server: Api, theirs: Json) -> None:
    """The same patch, merged here and applied, and merged by the server: the same template, or refused by both."""
    ours = worker_deployment(NAMESPACE, "base", SHAPE)
    ours["spec"]["template"] = strategic_merge(ours["spec"]["template"], theirs)
    here = merged_here(server, ours)
    event("taken" if here else "refused")
    assert here == merged_there(server, theirs)


def merged_here(server: Api, deployment: Json) -> Json | None:
    """Replaced, not applied: what is applied may still have what somebody else owns."""
    try:
        said = server.kubectl(
            "replace", "--dry-run=server", "--output=json", "--filename=-", stdin=json.dumps(deployment)
        )
    except CommandFailedError:
        return None
    return template_in(said)


def merged_there(server: Api, theirs: Json) -> Json | None:
    patch = json.dumps({"spec": {"template": with_retained_keys(theirs)}})
    options = [f"--namespace={NAMESPACE}", "--type=strategic", f"--patch={patch}", "--dry-run=server", "--output=json"]
    try:
        said = server.kubectl("patch", "deployment", "stask-base", *options)
    except CommandFailedError:
        return None
    return template_in(said)


def template_in(deployment: str) -> Json:
    template: Json = in_order(json.loads(deployment)["spec"]["template"])
    return template


def with_retained_keys(theirs: Json) -> Json:
    """As `kubectl apply` writes volumes into its patches."""
    volumes = theirs.get("spec", {}).get("volumes")
    if not volumes:
        return theirs
    retained = [{**volume, "$retainKeys": list(volume)} for volume in volumes]
    return {**theirs, "spec": {**theirs["spec"], "volumes": retained}}


def in_order(value: Any) -> Any:
    """Lists by their text: the order in which the server appends is no part of the rule."""
    if isinstance(value, dict):
        return {name: in_order(item) for name, item in value.items() if item not in ({}, [], None)}
    if isinstance(value, list):
        return sorted((in_order(item) for item in value), key=json.dumps)
    return value
