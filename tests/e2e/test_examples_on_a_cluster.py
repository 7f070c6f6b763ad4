"""What a user sees of the examples: `kubectl apply -f examples/`, and everything runs."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.errors import NotReadyError
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

    def all_tasks(self) -> dict[str, dict[str, Any]]:
        """By name, specs and statuses."""
        found = json.loads(self.kubectl("get", "stask", "--output=json"))["items"]
        return {each["metadata"]["name"]: each for each in found}

    def ask_for_a_run(self, name: str) -> None:
        run = {
            "apiVersion": "scheduledtask.dev/v1alpha1",
            "kind": "ScheduledTaskRun",
            "metadata": {"name": name},
            "spec": {"scheduledTask": name},
        }
        self.kubectl("apply", "--filename=-", stdin=json.dumps(run))


@pytest.fixture(scope="module")
def applied(cluster: Cluster, installation: Installation, namespace_of_file: str) -> Namespace:
    """In a namespace that admits restricted pods only."""
    applied = Namespace(cluster, namespace_of_file)
    cluster.kubectl("label", "namespace", namespace_of_file, "pod-security.kubernetes.io/enforce=restricted")
    applied.kubectl("apply", f"--filename={EXAMPLES}")
    applied.kubectl("wait", "stask", "--all", "--for=condition=Ready", "--timeout=120s")
    return applied


def test_each_runs_and_the_workers_of_heavy_ones_come_from_zero_and_go(applied: Namespace) -> None:
    for name, each in applied.all_tasks().items():
        if not each["spec"].get("schedule") and not each["spec"].get("triggers"):
            applied.ask_for_a_run(name)

    def not_run() -> list[str]:
        return [name for name, each in applied.all_tasks().items() if "lastSuccessTime" not in each.get("status", {})]

    try:
        applied.until("a run of each that succeeded", lambda: not not_run())
    except NotReadyError as error:
        raise AssertionError(f"{error}: {not_run()}") from error
    assert "Heavy" in applied.row("model-training")
    assert "Light" in applied.row("system-health")
    applied.kubectl("patch", "stask", "model-training", "--type=merge", '--patch={"spec": {"suspend": true}}')
    applied.until("no workers", lambda: applied.replicas("model-training") == 0)
    worker = applied.task("model-training")["worker"]
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
