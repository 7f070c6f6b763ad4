"""What a user sees of the examples: `kubectl apply -f examples/`, and everything runs."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.installing import Installation

EXAMPLES = Path(__file__).parents[2] / "examples"
DEADLINE_SECONDS = 180.0


class Namespace:
    """kubectl in one namespace."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self.name = name

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return self._cluster.kubectl(*arguments, f"--namespace={self.name}", stdin=stdin, timeout_seconds=240)

    def task(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", "stask", name, "--output=json"))
        return found.get("status", {})

    def row(self, name: str) -> str:
        """Of `kubectl get stask`."""
        return self.kubectl("get", "stask", name, "--no-headers")

    def outcomes(self, name: str) -> list[str]:
        return [run["outcome"] for run in self.task(name).get("history", [])]

    def replicas(self, pool: str) -> int | None:
        found = self.kubectl("get", "deployment", f"stask-{pool}", "--ignore-not-found", "--output=json")
        return json.loads(found)["spec"]["replicas"] if found else None

    def until(self, what: str, holds: Any) -> None:
        wait_until(what, holds, timeout_seconds=DEADLINE_SECONDS)


@pytest.fixture
def applied(cluster: Cluster, installation: Installation, namespace: str) -> Namespace:
    applied = Namespace(cluster, namespace)
    applied.kubectl("apply", f"--filename={EXAMPLES}")
    applied.kubectl("wait", "stask", "--all", "--for=condition=Ready", "--timeout=120s")
    return applied


def test_light_ones_run_and_the_heavy_one_from_zero_workers_and_back(applied: Namespace) -> None:
    applied.until("light runs", lambda: "Succeeded" in applied.outcomes("system-health"))
    applied.until("a worker", lambda: applied.replicas("model-training") == 1)
    applied.until("a training", lambda: "Succeeded" in applied.outcomes("model-training"))
    applied.kubectl("patch", "stask", "model-training", "--type=merge", '--patch={"spec": {"suspend": true}}')
    applied.until("no workers", lambda: applied.replicas("model-training") == 0)

    applied.until("the state, within the budget of writes", lambda: "Suspended" in applied.row("model-training"))
    assert "Heavy" in applied.row("model-training")
    assert "Light" in applied.row("system-health")
    worker = applied.task("model-training")["worker"]
    assert worker["reasons"]
    assert "profile.memory" in " ".join(worker["reasons"])


def test_describe_tells_the_story(applied: Namespace) -> None:
    applied.until("a run", lambda: applied.outcomes("system-health"))

    story = applied.kubectl("describe", "stask", "system-health")

    for words in ("Class Reasons", "runtime", "Next Run Time", "Conditions", "Scheduled", "History"):
        assert words in story, story


def test_explain_reads_well(applied: Namespace) -> None:
    page = applied.kubectl("explain", "stask.spec")

    assert "catchUp" in page
    assert "What becomes of slots" in page or "DESCRIPTION" in page
    assert "<no description>" not in page.split("FIELDS:")[1]


def test_a_profile_that_no_node_can_hold_is_said_with_the_schedulers_reason(applied: Namespace) -> None:
    task = {
        "apiVersion": "scheduledtask.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": "giant"},
        "spec": {
            "schedule": "*/10 * * * * *",
            "task": "model-training",
            "arguments": {"dataset": "breast_cancer"},
            "profile": {"memory": "16Ti"},
        },
    }
    applied.kubectl("apply", "--filename=-", stdin=json.dumps(task))

    def degraded() -> str:
        conditions = {each["type"]: each for each in applied.task("giant").get("conditions", [])}
        found = conditions.get("Degraded", {})
        return found.get("message", "") if found.get("status") == "True" else ""

    applied.until("the reason", lambda: "Insufficient memory" in degraded())
    assert applied.task("giant")["worker"]["reasons"]
