"""The tables of docs/security.md, and what the chart and the operator make of the same things."""

from collections.abc import Iterator
from pathlib import Path

from tests.chart.chart_values import EXTERNAL, GIVEN, merged
from tests.cluster.helm import Helm, Json, of_kind

from scheduledtask_operator.decisions.sizing import PoolShape, RunNeed, size_worker
from scheduledtask_operator.manifests.workers import worker_deployment
from scheduledtask_workloads.contract.secrets import SecretReference

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "security.md"

Cells = tuple[str, ...]

# How the page calls what an installation names itself, and the values that stand for it here.
OURS, AUTHORITIES, PULL = "our-redis", "our-authorities", "our-registry"
USERS_SECRET = SecretReference("a-users", "key")
CALLED = {
    OURS: "redis.external.existingSecret",
    AUTHORITIES: "redis.external.caSecret",
    PULL: "imagePullSecrets",
    USERS_SECRET.name: "named in arguments",
}
KEYS = {
    (OURS, "url"): "redis.external.key",
    (OURS, "workers"): "redis.external.workerKey",
    (USERS_SECRET.name, "key"): "any",
}
VARIANTS = (
    {"imagePullSecrets": [{"name": PULL}]},
    merged(EXTERNAL, {"redis": {"external": {"caSecret": AUTHORITIES}}}),
    GIVEN,
)


def table(first_title: str) -> list[dict[str, str]]:
    """Its rows by the titles of their columns; the table whose first title that is. Without the backticks."""
    lines = iter(PAGE.read_text(encoding="utf-8").splitlines())
    header = next(line for line in lines if line.startswith(f"| {first_title} |"))
    assert next(lines).startswith("|---")
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(_cells(header), _cells(line), strict=True)))
    return rows


def _cells(line: str) -> Cells:
    return tuple(cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|"))


def rendered_permissions(helm: Helm) -> set[Cells]:
    """Role, verbs, resource, names."""
    roles = [each for each in helm.render() if each["kind"] in ("Role", "ClusterRole")]
    return {
        (each["metadata"]["name"], ", ".join(rule["verbs"]), resource, ", ".join(rule.get("resourceNames", [])))
        for each in roles
        for rule in each["rules"]
        for resource in _resources(rule)
    }


def _resources(rule: Json) -> Iterator[str]:
    """As docs/permissions.md writes them."""
    (group,) = rule["apiGroups"]
    for resource in rule["resources"]:
        name, slash, subresource = resource.partition("/")
        yield f"{name}.{group}{slash}{subresource}" if group else resource


def pods(objects: list[Json]) -> Iterator[tuple[str, Json]]:
    """What makes it, and its spec."""
    for each in objects:
        if each["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]
        elif each["kind"] == "Pod":
            yield each["metadata"]["name"], each["spec"]


def rendered_ports(helm: Helm) -> set[Cells]:
    """Port, container; the workers' too."""
    return {
        (str(port["containerPort"]), container["name"])
        for _, spec in [*pods(helm.render()), *_worker_pods()]
        for container in spec["containers"]
        for port in container.get("ports", [])
    }


def rendered_secrets(helm: Helm) -> set[Cells]:
    """Secret, key, container; a token by the account that it is of."""
    rendered = [pod for values in VARIANTS for pod in pods(helm.render(values))]
    found = {each for _, spec in [*rendered, *_worker_pods()] for each in _secrets(spec)}
    return {(CALLED.get(name, name), KEYS.get((name, key), key), container) for name, key, container in found}


def _worker_pods() -> Iterator[tuple[str, Json]]:
    size = size_worker([RunNeed(2**27, 2**27, 250, 1)])
    shape = PoolShape("ours:1", None, size, 60.0, (), secrets=(USERS_SECRET,))
    yield "worker", worker_deployment("team-a", "big", shape, redis_authorities=True)["spec"]["template"]["spec"]


def _secrets(spec: Json) -> Iterator[Cells]:
    volumes = {volume["name"]: list(_of_volume(volume, spec)) for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        for variable in container.get("env", []):
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                yield reference["name"], reference["key"], container["name"]
        for mount in container.get("volumeMounts", []):
            yield from ((name, key, container["name"]) for name, key in volumes.get(mount["name"], []))
        if spec.get("automountServiceAccountToken", True):
            yield f"token of {spec['serviceAccountName']}", "", container["name"]
    yield from ((each["name"], "", "the kubelet") for each in spec.get("imagePullSecrets", []))


def _of_volume(volume: Json, spec: Json) -> Iterator[tuple[str, str]]:
    if secret := volume.get("secret"):
        yield from ((secret["secretName"], item["key"]) for item in secret["items"])
    for source in volume.get("projected", {}).get("sources", []):
        if "serviceAccountToken" in source:
            yield f"token of {spec['serviceAccountName']}", ""


def network_ports(helm: Helm) -> dict[str, set[str]]:
    """By the component that a policy selects: the names of the ports that it lets anybody in by."""
    policies = of_kind(helm.render(), "NetworkPolicy")
    return {
        policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"]: {
            str(port["port"]) for rule in policy["spec"].get("ingress", []) for port in rule["ports"]
        }
        for policy in policies
    }
