"""What a user sees of the examples: `kubectl apply -f examples/`, and everything runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.errors import NotReadyError
from tests.cluster.installing import Installation

from scheduledtask_operator.manifests.inventory_document import Inventory

EXAMPLES = Path(__file__).parents[2] / "examples"
DEADLINE_SECONDS = 240.0  # two cores start the workers of five heavy tasks
LIGHT = ("provider-health", "system-health", "database-cleanup")
HEAVY = ("performance-report", "data-processing", "model-training", "notification", "generic-processor")
SUCCEEDED = ("Succeeded",)
FAILED = ("Failed", "TimedOut")


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

    def runs(self, task: str) -> list[dict[str, Any]]:
        """The ScheduledTaskRuns of a task: those that were asked for, and those that followed others."""
        found = json.loads(self.kubectl("get", "strun", "--output=json"))["items"]
        return [each for each in found if each["spec"]["scheduledTask"] == task]

    def followed(self, task: str, cause: str, outcomes: tuple[str, ...]) -> dict[str, Any] | None:
        """A run of `task` that succeeded, and followed one of `cause` that ended so."""
        for run in self.runs(task):
            by = run["spec"].get("triggeredBy", {})
            succeeded = run.get("status", {}).get("outcome") == "Succeeded"
            if succeeded and by.get("scheduledTask") == cause and by.get("outcome") in outcomes:
                return run
        return None


@pytest.fixture(scope="module")
def applied(cluster: Cluster, installation: Installation, namespace_of_file: str) -> Namespace:
    """In a namespace that admits restricted pods only."""
    applied = Namespace(cluster, namespace_of_file)
    cluster.kubectl("label", "namespace", namespace_of_file, "pod-security.kubernetes.io/enforce=restricted")
    applied.kubectl("apply", f"--filename={EXAMPLES}")
    applied.kubectl("wait", "stask", "--all", "--for=condition=Ready", "--timeout=120s")
    return applied


def test_all_eight_run_in_the_class_of_the_inventory_and_their_results_are_seen(applied: Namespace) -> None:
    tasks = {each["spec"]["task"]: name for name, each in applied.all_tasks().items()}
    assert set(tasks) == {*LIGHT, *HEAVY}

    def not_run() -> list[str]:
        return [name for name, each in applied.all_tasks().items() if "lastSuccessTime" not in each.get("status", {})]

    try:
        applied.until("a run of each that succeeded", lambda: not not_run())
    except NotReadyError as error:
        raise AssertionError(f"{error}: {not_run()}") from error
    for task, name in tasks.items():
        status = applied.task(name)
        assert status["class"] == ("Light" if task in LIGHT else "Heavy"), status
        assert status["observed"]["duration"], status
        assert status["observed"]["memory"], status
    assert applied.runs(tasks["generic-processor"])[0]["status"]["result"]["counts"] == {"succeeded": 3}


def test_what_kubectl_gets_makes_an_inventory_of_what_the_operator_observed(applied: Namespace) -> None:
    applied.until("a run", lambda: applied.task("system-health").get("observed"))
    program = [sys.executable, "-m", "scheduledtask_operator.cli", "inventory", "--filename=/dev/stdin"]
    got = applied.kubectl("get", "stask", "--output=json")

    ended = subprocess.run(
        [*program, "--output=json"], input=got, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 0, ended.stderr
    tasks = {task.name: task for task in Inventory.model_validate_json(ended.stdout).tasks}
    assert tasks.keys() == applied.all_tasks().keys()
    assert tasks["system-health"].observed is not None


def test_training_report_and_notification_follow_each_other(applied: Namespace) -> None:
    chain = (("performance-report", "model-training"), ("notification", "performance-report"))

    for task, cause in chain:
        applied.until(f"{task} after {cause}", lambda task=task, cause=cause: applied.followed(task, cause, SUCCEEDED))

    report = applied.followed("performance-report", "model-training", SUCCEEDED)
    told = applied.followed("notification", "performance-report", SUCCEEDED)
    assert report is not None
    assert told is not None
    assert report["spec"]["triggeredBy"]["result"], "what the training returned"
    assert report["status"]["result"], "what the report says"
    assert told["spec"]["triggeredBy"]["depth"] == 2


def test_a_training_that_fails_notifies(applied: Namespace) -> None:
    applied.kubectl("patch", "stask", "model-training", "--type=merge", '--patch={"spec": {"timeoutSeconds": 1}}')

    applied.until("a notification", lambda: applied.followed("notification", "model-training", FAILED))

    applied.kubectl("patch", "stask", "model-training", "--type=merge", '--patch={"spec": {"timeoutSeconds": null}}')


def test_the_workers_of_heavy_ones_go_when_there_is_nothing_to_do(applied: Namespace) -> None:
    for name, each in applied.all_tasks().items():
        if each["spec"]["task"] in HEAVY:
            applied.kubectl("patch", "stask", name, "--type=merge", '--patch={"spec": {"suspend": true}}')

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
