"""What the chart renders, before an API server that checks all of it and runs nothing of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from helm.readme import CHART, chart_values
from tests.chart.chart_values import CASES, EXTERNAL, GIVEN, merged
from tests.chart.prometheus_operator import definitions
from tests.cluster.cluster import Api
from tests.cluster.commands import wait_until
from tests.cluster.errors import CommandFailedError
from tests.cluster.helm import NAMESPACE, Helm, Json, of_kind

WATCHED = ("team-a", "team-b")
VALUES = (CHART / "values.yaml").read_text(encoding="utf-8")
# Values that have a variant of their own below, since they take the place of others.
APART = (
    "fullnameOverride",
    "crds.enabled",
    "redis.bundled.enabled",
    "redis.bundled.storage.enabled",
    "networkPolicy.enabled",
    "redis.external.workerUsers",
    "redis.external.workerKey",
)
OF_EXTERNAL = ("redis.external", "networkPolicy.redis")


def together(*, external: bool) -> Json:
    """All cases at once that go together."""
    values: Json = dict(EXTERNAL) if external else {}
    for path, case in CASES.items():
        if not path.startswith(APART) and path.startswith(OF_EXTERNAL) <= external:
            values = merged(values, case.values(path))
    return values


VARIANTS: dict[str, Json] = {
    "the defaults": {},
    "every value, the bundled Redis": together(external=False),
    "every value, a Redis elsewhere": together(external=True),
    "a Redis elsewhere, one user of all workers": GIVEN,
    "other names": {"fullnameOverride": "tasks-operator"},
    "no storage": {"redis": {"bundled": {"storage": {"enabled": False}}}},
    "no network policies": {"networkPolicy": {"enabled": False}},
    "one pod, nothing beside": {
        "replicas": 1,
        "crds": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "rbac": {"roles": False},
        "watchNamespaces": [WATCHED[0]],
    },
}


@pytest.mark.parametrize("path", CASES)
def test_every_value_is_set_in_what_the_api_server_judges(path: str) -> None:
    (default,) = [each.default for each in chart_values(VALUES) if each.path == path]

    assert [name for name, values in VARIANTS.items() if found(values, path, default) != default]


def found(values: Any, path: str, default: Any) -> Any:
    for name in path.split("."):
        if name not in values:
            return default
        values = values[name]
    return values


@pytest.fixture(scope="module")
def server(api: Api) -> Iterator[Api]:
    """With the namespaces that the chart needs, which take restricted pods only, and what pods there need."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    for name in (NAMESPACE, *WATCHED):
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        api.kubectl("apply", "--filename=-", stdin=json.dumps(manifest))
    api.kubectl("create", "serviceaccount", "default", f"--namespace={NAMESPACE}")
    for path in definitions():
        api.kubectl("apply", "--server-side", f"--filename={path}")
        api.kubectl("wait", "--for=condition=Established", f"--filename={path}", "--timeout=30s")
    yield api
    api.kubectl("delete", "namespace", NAMESPACE, *WATCHED, "--wait=false")


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_api_server_takes_every_object(server: Api, helm: Helm, variant: str) -> None:
    objects = helm.render(VARIANTS[variant])

    said = dry_run(server, objects)

    assert len(said.splitlines()) == len(objects)


def dry_run(api: Api, objects: list[Json]) -> str:
    judged = [{**each, "spec": with_volumes(each["spec"])} if each["kind"] == "Pod" else each for each in objects]
    items = json.dumps({"apiVersion": "v1", "kind": "List", "items": judged})
    options = ("--dry-run=server", "--validate=strict", "--server-side", "--force-conflicts", "--field-manager=chart")
    return api.kubectl("apply", *options, "--filename=-", stdin=items)


def test_the_definitions_lose_nothing_on_their_way_through_the_chart(api: Api, helm: Helm) -> None:
    for each in of_kind(helm.render(), "CustomResourceDefinition"):
        on_server = json.loads(api.kubectl("get", "crd", each["metadata"]["name"], "--output=json"))
        for version in each["spec"]["versions"]:
            assert version["schema"] == on_server["spec"]["versions"][0]["schema"]
        assert each["metadata"]["annotations"] == {
            "helm.sh/resource-policy": "keep",
            "argocd.argoproj.io/sync-options": "Prune=false",
        }


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_pod_keeps_to_the_strictest_pod_security(server: Api, helm: Helm, variant: str) -> None:
    """The API server judges pods, not what makes them."""
    pods = list(pods_of(helm.render(VARIANTS[variant])))

    assert len(pods) >= 2
    for each in pods:
        create_dry(server, each)


def pods_of(objects: list[Json]) -> Iterator[Json]:
    """A claim template's volume is an empty folder here; accounts and priorities are the cluster's to know."""
    for each in objects:
        if each["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield with_volumes(each["spec"]["template"]["spec"])
        elif each["kind"] == "Pod":
            yield with_volumes(each["spec"])


def with_volumes(spec: Json) -> Json:
    mounted = {mount["name"] for each in spec["containers"] for mount in each.get("volumeMounts", [])}
    declared = {volume["name"] for volume in spec.get("volumes", [])}
    volumes = [*spec.get("volumes", []), *({"name": name, "emptyDir": {}} for name in mounted - declared)]
    return {**spec, "volumes": volumes, "serviceAccountName": "default"}


def create_dry(api: Api, spec: dict[str, Any]) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried", "namespace": NAMESPACE}, "spec": spec}
    api.kubectl("create", "--dry-run=server", "--filename=-", stdin=json.dumps(pod))


def test_a_pod_that_asks_for_more_is_refused_there(server: Api) -> None:
    container = {"name": "main", "image": "any", "securityContext": {"privileged": True}}

    with pytest.raises(CommandFailedError, match="violates PodSecurity"):
        create_dry(server, {"serviceAccountName": "default", "containers": [container]})


def test_helm_installs_it_changes_it_and_takes_it_away(server: Api, helm: Helm) -> None:
    """Nothing runs here: a Secret is named instead of the hook that makes one, and what ends workers is left out."""
    values = {"redis": {"bundled": {"existingSecret": "given"}}, "fullnameOverride": "passing-operator"}
    notes = helm.upgrade(server, values, "--take-ownership")
    assert "kubectl rollout status deployment/passing-operator --namespace scheduledtask-system" in notes
    assert "Name the registry" in " ".join(notes.split())

    helm.upgrade(server, merged(values, {"replicas": 3}))
    assert replicas(server) == "3"
    helm.on(server, "rollback", "scheduledtask-operator", "1")
    assert replicas(server) == "2"

    helm.on(server, "uninstall", "scheduledtask-operator", "--no-hooks")
    wait_until("the Deployment's end", lambda: replicas(server) == "", timeout_seconds=30)
    assert "scheduledtasks.scheduledtask.dev" in server.kubectl("get", "crd", "--output=name")


def replicas(api: Api) -> str:
    path = "--output=jsonpath={.spec.replicas}"
    where = ("passing-operator", f"--namespace={NAMESPACE}", "--ignore-not-found")
    return api.kubectl("get", "deployment", *where, path)
