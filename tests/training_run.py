"""An on-demand training on a cluster, and one run of it that was asked for."""

import json
from collections.abc import Callable
from typing import Any

from tests.cluster.body_journal import WORKER_POD_TEMPLATE, Body, keep_journal, read_bodies
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until

API_VERSION = "scheduledtask.dev/v1alpha1"
DEADLINE_SECONDS = 240.0
POD = "--selector=scheduledtask.dev/pool=training"


class Training:
    """In a namespace that keeps a journal of bodies, and admits restricted pods only."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self.namespace = namespace
        # The cluster itself then says whether any pod of ours asks for more than the strictest standard allows.
        cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
        keep_journal(cluster, namespace)

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return self._cluster.kubectl(f"--namespace={self.namespace}", *arguments, stdin=stdin, timeout_seconds=300)

    def ask(self, dataset: str, candidates: int) -> None:
        task = {
            "apiVersion": API_VERSION,
            "kind": "ScheduledTask",
            "metadata": {"name": "training"},
            "spec": {
                "task": "model-training",
                "arguments": {"dataset": dataset, "candidates": candidates},
                "worker": {"podTemplate": WORKER_POD_TEMPLATE, "idleSeconds": 5},
            },
        }
        run = {
            "apiVersion": API_VERSION,
            "kind": "ScheduledTaskRun",
            "metadata": {"name": "now"},
            "spec": {"scheduledTask": "training"},
        }
        for each in (task, run):
            self.kubectl("apply", "--filename=-", stdin=json.dumps(each))
        self.until("the body", lambda: len(self.bodies()) == 1)

    def patch(self, spec: dict[str, Any]) -> None:
        self.kubectl("patch", "stask", "training", "--type=merge", f"--patch={json.dumps({'spec': spec})}")

    def bodies(self) -> list[Body]:
        return read_bodies(self._cluster, [self.namespace], self.namespace)

    def pods(self) -> list[str]:
        return self.kubectl("get", "pods", POD, "--output=jsonpath={.items[*].metadata.name}").split()

    def busy_pod(self) -> str:
        """The only one, once it is marked as busy."""
        (pod,) = self.pods()
        busy = "jsonpath={.metadata.labels['scheduledtask\\.dev/busy']}"
        self.until("the label", lambda: self.kubectl("get", "pod", pod, f"--output={busy}") == "true")
        return pod

    def worker_images(self) -> dict[str, str]:
        """By pod."""
        found = json.loads(self.kubectl("get", "pods", POD, "--output=json"))["items"]
        return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in found}

    def run(self) -> dict[str, Any]:
        found = json.loads(self.kubectl("get", "strun", "now", "--output=json"))
        status: dict[str, Any] = found.get("status", {})
        return status

    def evict(self, pod: str) -> None:
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": self.namespace},
        }
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/eviction"
        self._cluster.kubectl("create", f"--raw={path}", "--filename=-", stdin=json.dumps(eviction))

    def until(self, what: str, holds: Callable[[], object]) -> None:
        wait_until(what, lambda: bool(holds()), timeout_seconds=DEADLINE_SECONDS)
