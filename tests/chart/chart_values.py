"""A case a value of the chart: what it is set to, and what is then seen in the rendering."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.helm import Json, is_hook, named, of_kind

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
RESOURCES = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "3Gi"}}
ENV = [{"name": "HTTPS_PROXY", "value": "http://proxy.example"}]
MOUNTS = [{"name": "extra", "mountPath": "/extra"}]
VOLUMES = [{"name": "extra", "emptyDir": {}}]
MARK = {"example.com/team": "data"}
TOLERATIONS = [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}]
NODES = {"kubernetes.io/arch": "amd64"}
PEERS = [{"ipBlock": {"cidr": "10.0.0.1/32"}}]
AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]
        }
    }
}
SPREAD = {"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
EGRESS = [{"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}], "ports": [{"protocol": "TCP", "port": 5432}]}]
EXTERNAL = {
    "redis": {
        "bundled": {"enabled": False},
        "external": {"existingSecret": "our-redis", "workerUrl": "redis://redis.example:6379/3"},
    }
}
MONITORED = {"monitors": {"enabled": True}, "alerts": {"enabled": True}, "dashboards": {"enabled": True}}
GIVEN = {
    "redis": {
        "bundled": {"enabled": False},
        "external": {"existingSecret": "our-redis", "workerUsers": "given", "workerKey": "workers"},
    }
}

Objects = list[Json]


@dataclass(frozen=True, slots=True)
class Case:
    """`look` reads from the rendering what `expected` says; `beside` are values that it needs."""

    value: Any
    look: Callable[[Objects], Any]
    expected: Any
    beside: Json = field(default_factory=dict)

    def values(self, path: str) -> Json:
        return merged(self.beside, nested(path, self.value))


def nested(path: str, value: Any) -> Json:
    """`a.b` as maps."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)


def merged(first: Json, second: Json) -> Json:
    """`second` over `first`, map by map."""
    result = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def deployment(objects: Objects) -> Json:
    (found,) = of_kind(objects, "Deployment")
    return found


def pod(objects: Objects) -> Json:
    spec: Json = deployment(objects)["spec"]["template"]["spec"]
    return spec


def stateful_set(objects: Objects) -> Json:
    (found,) = of_kind(objects, "StatefulSet")
    return found


def redis_pod(objects: Objects) -> Json:
    spec: Json = stateful_set(objects)["spec"]["template"]["spec"]
    return spec


def containers(objects: Objects) -> dict[str, Json]:
    """Of both pods, by name."""
    found = [*pod(objects)["containers"]]
    for each in of_kind(objects, "StatefulSet"):
        found += each["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each for each in found}


def option(container: str, name: str) -> Callable[[Objects], list[str]]:
    """The values of an option among a container's arguments."""

    def look(objects: Objects) -> list[str]:
        arguments = containers(objects)[container]["args"]
        return [each.partition("=")[2] for each in arguments if each.startswith(f"--{name}=")]

    return look


def variable(container: str, name: str) -> Callable[[Objects], Any]:
    def look(objects: Objects) -> Any:
        (found,) = [each for each in containers(objects)[container]["env"] if each["name"] == name]
        return found.get("value") or found["valueFrom"]["secretKeyRef"]

    return look


def egress(objects: Objects) -> list[Json]:
    rules: list[Json] = named(objects, "NetworkPolicy", "scheduledtask-operator")["spec"]["egress"]
    return rules


def ingress(objects: Objects) -> list[Json]:
    rules: list[Json] = named(objects, "NetworkPolicy", "scheduledtask-operator")["spec"]["ingress"]
    return rules


def definitions(objects: Objects) -> list[Json]:
    return of_kind(objects, "CustomResourceDefinition")


def claim(objects: Objects) -> Json:
    (found,) = stateful_set(objects)["spec"]["volumeClaimTemplates"]
    spec: Json = found["spec"]
    return spec


def password_jobs(objects: Objects) -> list[Json]:
    return [each for each in of_kind(objects, "Job") if each["metadata"]["name"].endswith("-password")]


def images(objects: Objects) -> set[str]:
    return {each["image"] for name, each in containers(objects).items() if name != "redis"}


def has_all(part: str, wanted: Json) -> Callable[[Objects], bool]:
    """Whether every object has those `labels` or `annotations`."""
    return lambda objects: all(wanted.items() <= each["metadata"].get(part, {}).items() for each in objects)


def has_labels(kind: str, wanted: Json) -> Callable[[Objects], bool]:
    """Whether every object of that kind has those labels."""
    return lambda objects: all(wanted.items() <= each["metadata"]["labels"].items() for each in of_kind(objects, kind))


def endpoint(name: str) -> Callable[[Objects], set[str]]:
    """A field of the PodMonitor's endpoints."""

    def look(objects: Objects) -> set[str]:
        (monitor,) = of_kind(objects, "PodMonitor")
        return {each[name] for each in monitor["spec"]["podMetricsEndpoints"]}

    return look


def alert_rules(objects: Objects) -> list[Json]:
    (found,) = of_kind(objects, "PrometheusRule")
    (group,) = found["spec"]["groups"]
    rules: list[Json] = group["rules"]
    return rules


def of_a_part(name: str) -> dict[str, Case]:
    """The values that each container of the operator's pod has."""
    return {
        f"{name}.image.repository": Case("ours", lambda o: containers(o)[name]["image"], "localhost/ours:0.1.0"),
        f"{name}.image.digest": Case(
            DIGEST, lambda o: containers(o)[name]["image"], f"localhost/scheduledtask-{name}@{DIGEST}"
        ),
        f"{name}.resources": Case(RESOURCES, lambda o: containers(o)[name]["resources"], RESOURCES),
        f"{name}.extraEnv": Case(ENV, variable(name, "HTTPS_PROXY"), "http://proxy.example"),
        f"{name}.extraVolumeMounts": Case(
            MOUNTS, lambda o: containers(o)[name]["volumeMounts"][-1:], MOUNTS, {"extraVolumes": VOLUMES}
        ),
    }


CASES: dict[str, Case] = {
    "image.registry": Case(
        "registry.example/team", lambda o: {each.rpartition("/")[0] for each in images(o)}, {"registry.example/team"}
    ),
    "image.tag": Case("1.2.3", lambda o: {each.rpartition(":")[2] for each in images(o)}, {"1.2.3"}),
    "image.pullPolicy": Case(
        "Always", lambda o: {each["imagePullPolicy"] for each in containers(o).values()}, {"Always"}
    ),
    "imagePullSecrets": Case(
        [{"name": "pull"}],
        lambda o: pod(o)["imagePullSecrets"] + redis_pod(o)["imagePullSecrets"],
        [{"name": "pull"}] * 2,
    ),
    "fullnameOverride": Case(
        "tasks-operator",
        lambda o: [deployment(o)["metadata"]["name"], stateful_set(o)["metadata"]["name"]],
        ["tasks-operator", "tasks-redis"],
    ),
    "labels": Case(MARK, has_all("labels", MARK), True, {"crds": {"enabled": False}}),
    "annotations": Case(MARK, has_all("annotations", MARK), True, {"crds": {"enabled": False}}),
    "crds.enabled": Case(False, definitions, []),
    "crds.keep": Case(False, lambda o: ["annotations" in each["metadata"] for each in definitions(o)], [False, False]),
    "watchNamespaces": Case(["team-a", "team-b"], option("operator", "namespace"), ["team-a", "team-b"]),
    "rbac.roles": Case(
        False,
        lambda o: [each["metadata"]["name"] for each in of_kind(o, "ClusterRole") if not is_hook(each)],
        ["scheduledtask-operator", "scheduledtask-operator-read-api"],
    ),
    "readApi.enabled": Case(False, option("operator", "read-api-port"), []),
    "replicas": Case(3, lambda o: deployment(o)["spec"]["replicas"], 3),
    "minReadySeconds": Case(
        600,
        lambda o: [deployment(o)["spec"][name] for name in ("minReadySeconds", "progressDeadlineSeconds")],
        [600, 1200],
    ),
    "podDisruptionBudget.enabled": Case(False, lambda o: of_kind(o, "PodDisruptionBudget"), []),
    "podDisruptionBudget.maxUnavailable": Case(
        "50%", lambda o: [each["spec"]["maxUnavailable"] for each in of_kind(o, "PodDisruptionBudget")], ["50%"]
    ),
    "terminationGracePeriodSeconds": Case(90, lambda o: pod(o)["terminationGracePeriodSeconds"], 90),
    "podLabels": Case(
        MARK, lambda o: MARK.items() <= deployment(o)["spec"]["template"]["metadata"]["labels"].items(), True
    ),
    "podAnnotations": Case(MARK, lambda o: deployment(o)["spec"]["template"]["metadata"]["annotations"], MARK),
    "nodeSelector": Case(NODES, lambda o: pod(o)["nodeSelector"], NODES),
    "tolerations": Case(TOLERATIONS, lambda o: pod(o)["tolerations"], TOLERATIONS),
    "affinity": Case(AFFINITY, lambda o: pod(o)["affinity"], AFFINITY),
    "topologySpreadConstraints": Case(
        [SPREAD],
        lambda o: pod(o)["topologySpreadConstraints"][0]["labelSelector"] == deployment(o)["spec"]["selector"],
        True,
    ),
    "priorityClassName": Case(
        "system-cluster-critical", lambda o: pod(o)["priorityClassName"], "system-cluster-critical"
    ),
    "extraVolumes": Case(VOLUMES, lambda o: pod(o)["volumes"][-1:], VOLUMES),
    "logging.level": Case("DEBUG", variable("scheduler", "SCHEDULEDTASK_LOG_LEVEL"), "DEBUG"),
    "logging.format": Case("text", variable("runners", "SCHEDULEDTASK_LOG_FORMAT"), "text"),
    **of_a_part("operator"),
    **of_a_part("scheduler"),
    **of_a_part("runners"),
    "scheduler.leaseSeconds": Case(30, option("scheduler", "lease-seconds"), ["30"]),
    "scheduler.sliceSize": Case(500, option("scheduler", "slice-size"), ["500"]),
    "scheduler.redisTimeoutSeconds": Case(0.5, option("scheduler", "redis-timeout-seconds"), ["0.5"]),
    "runners.processes": Case(8, option("runners", "processes"), ["8"]),
    "runners.memoryLimit": Case("250M", option("runners", "memory-limit"), ["250M"]),
    "runners.graceSeconds": Case(20, option("runners", "grace"), ["20s"]),
    "lightTasks.allow": Case(
        ["team-a/report", "team-b/*"], option("operator", "light-allow"), ["team-a/report", "team-b/*"]
    ),
    "worker.image.repository": Case("heavy", option("operator", "worker-image"), ["localhost/heavy:0.1.0"]),
    "worker.image.digest": Case(
        DIGEST, option("operator", "worker-image"), [f"localhost/scheduledtask-worker-ml@{DIGEST}"]
    ),
    "artifacts.url": Case("s3://bucket/runs", option("operator", "artifacts-url"), ["s3://bucket/runs"]),
    "redis.bundled.enabled": Case(
        False,
        lambda o: of_kind(o, "StatefulSet") + password_jobs(o),
        [],
        {"redis": {"external": EXTERNAL["redis"]["external"]}},
    ),
    "redis.bundled.image": Case("redis:7", lambda o: containers(o)["redis"]["image"], "redis:7"),
    "redis.bundled.maxMemory": Case("2gb", lambda o: "--maxmemory 2gb " in containers(o)["redis"]["command"][2], True),
    "redis.bundled.resources": Case(RESOURCES, lambda o: containers(o)["redis"]["resources"], RESOURCES),
    "redis.bundled.storage.enabled": Case(False, lambda o: redis_pod(o)["volumes"], [{"name": "data", "emptyDir": {}}]),
    "redis.bundled.storage.size": Case("5Gi", lambda o: claim(o)["resources"], {"requests": {"storage": "5Gi"}}),
    "redis.bundled.storage.className": Case("fast", lambda o: claim(o)["storageClassName"], "fast"),
    "redis.bundled.existingSecret": Case(
        "given",
        lambda o: [variable(each, "REDIS_PASSWORD")(o)["name"] for each in ("redis", "scheduler")] + password_jobs(o),
        ["given", "given"],
    ),
    "redis.bundled.podLabels": Case(
        MARK, lambda o: MARK.items() <= stateful_set(o)["spec"]["template"]["metadata"]["labels"].items(), True
    ),
    "redis.bundled.podAnnotations": Case(
        MARK, lambda o: stateful_set(o)["spec"]["template"]["metadata"]["annotations"], MARK
    ),
    "redis.bundled.nodeSelector": Case(NODES, lambda o: redis_pod(o)["nodeSelector"], NODES),
    "redis.bundled.tolerations": Case(TOLERATIONS, lambda o: redis_pod(o)["tolerations"], TOLERATIONS),
    "redis.bundled.affinity": Case(AFFINITY, lambda o: redis_pod(o)["affinity"], AFFINITY),
    "redis.bundled.priorityClassName": Case(
        "system-cluster-critical", lambda o: redis_pod(o)["priorityClassName"], "system-cluster-critical"
    ),
    "redis.external.existingSecret": Case(
        "elsewhere", variable("scheduler", "SCHEDULEDTASK_REDIS_URL"), {"name": "elsewhere", "key": "url"}, EXTERNAL
    ),
    "redis.external.key": Case(
        "address", variable("scheduler", "SCHEDULEDTASK_REDIS_URL"), {"name": "our-redis", "key": "address"}, EXTERNAL
    ),
    "redis.external.workerUrl": Case(
        "rediss://far.example:6380/1", option("operator", "worker-redis-url"), ["rediss://far.example:6380/1"], EXTERNAL
    ),
    "redis.external.caSecret": Case(
        "redis-ca",
        lambda o: [
            pod(o)["volumes"][-1]["secret"]["secretName"],
            *option("scheduler", "redis-ca-file")(o),
            *option("operator", "worker-redis-ca-file")(o),
        ],
        ["redis-ca", *["/run/scheduledtask/redis-ca/ca.crt"] * 2],
        EXTERNAL,
    ),
    "redis.external.workerUsers": Case(
        "given",
        option("operator", "worker-redis-users"),
        ["given"],
        {"redis": {"bundled": {"enabled": False}, "external": {"existingSecret": "our-redis", "workerKey": "workers"}}},
    ),
    "redis.external.workerKey": Case(
        "for-workers",
        variable("operator", "SCHEDULEDTASK_WORKER_REDIS_URL"),
        {"name": "our-redis", "key": "for-workers"},
        GIVEN,
    ),
    "networkPolicy.enabled": Case(False, lambda o: of_kind(o, "NetworkPolicy"), []),
    "networkPolicy.metricsFrom": Case(PEERS, lambda o: ingress(o)[0]["from"], PEERS),
    "networkPolicy.apiServer.to": Case(PEERS, lambda o: egress(o)[1]["to"], PEERS),
    "networkPolicy.apiServer.ports": Case([8443], lambda o: egress(o)[1]["ports"], [{"protocol": "TCP", "port": 8443}]),
    "networkPolicy.blockedAddresses": Case(
        ["100.100.100.200/32"],
        lambda o: [peer["ipBlock"]["except"] for peer in egress(o)[3]["to"][1:]],
        [["100.100.100.200/32"], None],
    ),
    "networkPolicy.lightTasks.restrict": Case(True, lambda o: len(egress(o)), 3),
    "networkPolicy.lightTasks.egress": Case(
        EGRESS, lambda o: egress(o)[3:], EGRESS, {"networkPolicy": {"lightTasks": {"restrict": True}}}
    ),
    "networkPolicy.redis.to": Case(PEERS, lambda o: egress(o)[2]["to"], PEERS, EXTERNAL),
    "networkPolicy.redis.ports": Case(
        [7000], lambda o: egress(o)[2]["ports"], [{"protocol": "TCP", "port": 7000}], EXTERNAL
    ),
    "monitors.enabled": Case(True, lambda o: len(of_kind(o, "PodMonitor")), 1),
    "monitors.labels": Case(MARK, has_labels("PodMonitor", MARK), True, MONITORED),
    "monitors.interval": Case("30s", endpoint("interval"), {"30s"}, MONITORED),
    "monitors.scrapeTimeout": Case("5s", endpoint("scrapeTimeout"), {"5s"}, MONITORED),
    "alerts.enabled": Case(True, lambda o: len(of_kind(o, "PrometheusRule")), 1),
    "alerts.labels": Case(MARK, has_labels("PrometheusRule", MARK), True, MONITORED),
    "alerts.overrides": Case(
        {
            "ScheduledTaskLate": {"threshold": 900, "for": "5m", "severity": "critical"},
            "ScheduledTaskMissedSlot": {"enabled": False},
        },
        lambda o: [
            (rule["expr"].rpartition(" ")[2], rule["for"], rule["labels"]["severity"])
            for rule in alert_rules(o)
            if rule["alert"] in ("ScheduledTaskLate", "ScheduledTaskMissedSlot")
        ],
        [("900", "5m", "critical")],
        MONITORED,
    ),
    "dashboards.enabled": Case(True, lambda o: len(of_kind(o, "ConfigMap")), 4),
    "dashboards.labels": Case(MARK, has_labels("ConfigMap", MARK), True, MONITORED),
    "dashboards.annotations": Case(
        {"grafana_folder": "Jobs"},
        lambda o: {each["metadata"]["annotations"]["grafana_folder"] for each in of_kind(o, "ConfigMap")},
        {"Jobs"},
        MONITORED,
    ),
    "runbookUrl": Case(
        "https://wiki.example/runbooks",
        lambda o: (
            {rule["annotations"]["runbook_url"].rpartition("/")[0] for rule in alert_rules(o)},
            [
                '"https://wiki.example/runbooks"' in text
                for each in of_kind(o, "ConfigMap")
                for text in each["data"].values()
            ],
        ),
        ({"https://wiki.example/runbooks"}, [True] * 4),
        MONITORED,
    ),
    "tests.timeoutSeconds": Case(
        60, lambda o: named(o, "Pod", "scheduledtask-operator-test")["spec"]["containers"][0]["command"][-1], "60"
    ),
}
