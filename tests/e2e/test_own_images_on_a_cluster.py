"""A user's own task that calls itself light, in an image of its own: it stays out of the runners that all share."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.installing import Installation
from tests.cluster.node_images import NodeImages
from tests.operator_processes import task

OWN_TASK = Path(__file__).parents[2] / "examples" / "own-task"
FOLDER = "/opt/own"
MOUNTED = {
    "spec": {
        "containers": [
            {
                "name": "worker",
                "env": [{"name": "SCHEDULEDTASK_PROJECT", "value": FOLDER}],
                "volumeMounts": [{"name": "own", "mountPath": FOLDER}],
            }
        ],
        "volumes": [{"name": "own", "configMap": {"name": "own"}}],
    }
}

Json = dict[str, Any]


@pytest.fixture
def image(cluster: Cluster, images: NodeImages) -> str:
    """Ours by another name, so that its catalog is asked for: with what the namespace mounts into it."""
    ours = images.part("worker-ml")
    named = ours.replace("worker-ml", "worker-own")
    cluster.tag_image(ours, named)
    return named


@pytest.fixture
def place(cluster: Cluster, installation: Installation, namespace: str) -> str:
    """It has the code of the user's task, and admits restricted pods only."""
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    files = [f"--from-file={OWN_TASK / name}" for name in ("own_task.py", "pyproject.toml")]
    cluster.kubectl("create", "configmap", "own", f"--namespace={namespace}", *files)
    return namespace


def status(cluster: Cluster, namespace: str) -> Json:
    found = json.loads(cluster.kubectl("get", "stask", "free-space", f"--namespace={namespace}", "--output=json"))
    written: Json = found.get("status") or {}
    return written


def test_it_runs_on_workers_of_its_namespace_and_class_light_is_refused_with_a_reason(
    cluster: Cluster, place: str, image: str
) -> None:
    spec = {"task": "free-space", "schedule": "*/5 * * * * *", "worker": {"image": image, "podTemplate": MOUNTED}}
    cluster.kubectl("apply", "--filename=-", stdin=task("free-space", place, **spec))

    def ready() -> Json:
        return next((each for each in status(cluster, place).get("conditions", []) if each["type"] == "Ready"), {})

    wait_until("a run", lambda: bool(status(cluster, place).get("lastSuccessTime")), timeout_seconds=120)
    assert status(cluster, place)["class"] == "Heavy"
    criteria = {each["name"]: each["holds"] for each in status(cluster, place)["classReasons"]}
    assert [name for name, holds in criteria.items() if not holds] == ["declared fit"]

    edit = json.dumps({"spec": {"class": "Light"}})
    cluster.kubectl("patch", "stask", "free-space", f"--namespace={place}", "--type=merge", f"--patch={edit}")
    wait_until("the refusal", lambda: ready().get("reason") == "NotFitForLight", timeout_seconds=60)
    assert "write Auto or Heavy" in ready()["message"]
