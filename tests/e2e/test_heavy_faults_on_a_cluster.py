"""A training whose worker is killed, evicted, or whose namespace goes, counted from the lines that bodies write."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.cluster.body_journal import WORKER_POD_TEMPLATE, Body, keep_journal, read_bodies
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.errors import CommandFailedError

from scheduledtask_operator.manifests.installation import Installation

API_VERSION = "scheduledtask.dev/v1alpha1"
DEADLINE_SECONDS = 240.0
POD = "--selector=scheduledtask.dev/pool=training"


class Training:
    """An on-demand training in a namespace, and one run of it that was asked for."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self.namespace = namespace

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return self._cluster.kubectl(*arguments, f"--namespace={self.namespace}", stdin=stdin, timeout_seconds=300)

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

    def bodies(self) -> list[Body]:
        return read_bodies(self._cluster, [self.namespace], self.namespace)

    def pods(self) -> list[str]:
        return self.kubectl("get", "pods", POD, "--output=jsonpath={.items[*].metadata.name}").split()

    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", "strun", "now", "--output=json"))
        return found.get("status", {})

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


@pytest.fixture
def training(cluster: Cluster, installation: Installation, namespace: str) -> Training:
    keep_journal(cluster, namespace)
    return Training(cluster, namespace)


@pytest.mark.long
def test_a_killed_workers_run_ends_in_a_second_attempt_on_another_pod(training: Training) -> None:
    training.ask("breast_cancer", candidates=150)
    (first,) = training.pods()
    training.kubectl("delete", "pod", first, "--force", "--grace-period=0")

    training.kubectl("wait", "strun/now", "--for=condition=Complete", "--timeout=240s")

    assert training.run()["attempts"] == 2
    killed, second = training.bodies()
    assert (killed.attempt, killed.ended_at) == (1, None)
    assert (second.attempt, second.state) == (2, "Succeeded")
    assert first not in training.pods()


@pytest.mark.long
def test_a_busy_worker_is_not_evicted_until_its_run_has_ended(training: Training) -> None:
    training.ask("breast_cancer", candidates=150)
    (pod,) = training.pods()
    busy = "jsonpath={.metadata.labels['scheduledtask\\.dev/busy']}"
    training.until("the label", lambda: training.kubectl("get", "pod", pod, f"--output={busy}") == "true")

    with pytest.raises(CommandFailedError, match="disruption budget"):
        training.evict(pod)

    training.kubectl("wait", "strun/now", "--for=condition=Complete", "--timeout=240s")
    (body,) = training.bodies()
    assert body.succeeded
    training.until("no workers", lambda: not training.pods())


def test_a_namespace_goes_with_a_busy_worker_in_it(cluster: Cluster, training: Training) -> None:
    training.ask("digits", candidates=200)
    began = time.monotonic()

    cluster.kubectl("delete", "namespace", training.namespace, "--wait=false")

    wait_until(
        "the namespace's end",
        lambda: not cluster.kubectl("get", "namespace", training.namespace, "--ignore-not-found"),
        timeout_seconds=90,
    )
    assert time.monotonic() - began < 90
