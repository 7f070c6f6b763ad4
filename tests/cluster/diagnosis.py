"""Why pods are not ready, told from what Kubernetes knows of them."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from tests.cluster.cluster import Cluster
from tests.cluster.errors import CommandFailedError

LOG_LINES = 25

Json = dict[str, Any]


def explain_pods(cluster: Cluster, namespace: str) -> str:
    """The pods, for each container that is not ready its state and its last lines, and the namespace's warnings."""
    lines = [cluster.kubectl("get", "pods", f"--namespace={namespace}", "--output=wide").rstrip()]
    for pod in read_pods(cluster, namespace):
        for container in pod["status"].get("containerStatuses", []):
            if not container["ready"]:
                lines += _container_lines(cluster, namespace, pod["metadata"]["name"], container)
        lines += _conditions(pod)
    return "\n".join([*lines, *_warnings(cluster, namespace)])


def read_pods(cluster: Cluster, namespace: str) -> list[Json]:
    pods: list[Json] = json.loads(cluster.kubectl("get", "pods", f"--namespace={namespace}", "--output=json"))["items"]
    return pods


def _container_lines(cluster: Cluster, namespace: str, pod: str, container: Json) -> Iterator[str]:
    name, state = container["name"], container["state"]
    yield f"\n{pod}, container {name}: {container['restartCount']} restarts, {json.dumps(state)}"
    if container.get("lastState"):
        yield f"  before: {json.dumps(container['lastState'])}"
    with suppress(CommandFailedError):  # it has never run
        log = _log(cluster, namespace, pod, name, previous="waiting" in state)
        yield from (f"  | {line}" for line in log.splitlines())


def _log(cluster: Cluster, namespace: str, pod: str, container: str, *, previous: bool) -> str:
    options = (f"--namespace={namespace}", f"--tail={LOG_LINES}", f"--previous={str(previous).lower()}")
    return cluster.kubectl("logs", pod, container, *options)


def _conditions(pod: Json) -> Iterator[str]:
    for condition in pod["status"].get("conditions", []):
        if condition["status"] == "False" and condition.get("message"):
            yield f"{pod['metadata']['name']}: {condition['type']} is False: {condition['message']}"


def _warnings(cluster: Cluster, namespace: str) -> list[str]:
    selected = ("--field-selector=type=Warning", "--sort-by=.lastTimestamp")
    found = cluster.kubectl("get", "events", f"--namespace={namespace}", *selected).splitlines()
    return ["\nwarnings:", *found[-15:]] if found else []
