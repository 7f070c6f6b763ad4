"""A user's own light task, which nobody has let into the shared runners: told what to ask for, and run elsewhere."""

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


def test_it_is_told_what_to_ask_for_and_runs_on_workers_where_it_asks_for_them(
    cluster: Cluster, place: str, image: str
) -> None:
    spec = {"task": "free-space", "schedule": "*/5 * * * * *", "worker": {"image": image, "podTemplate": MOUNTED}}
    cluster.kubectl("apply", "--filename=-", stdin=task("free-space", place, **spec))

    def ready() -> Json:
        return next((each for each in status(cluster, place).get("conditions", []) if each["type"] == "Ready"), {})

    wait_until("the refusal", lambda: ready().get("reason") == "LightNotAllowed", timeout_seconds=90)
    assert ready()["status"] == "False"
    assert f"{place}/free-space" in ready()["message"]
    assert "lightTasks.allow" in ready()["message"] or "--light-allow" in ready()["message"]
    assert "Light" in cluster.kubectl("get", "stask", "free-space", f"--namespace={place}")

    edit = json.dumps({"spec": {"class": "Heavy"}})
    cluster.kubectl("patch", "stask", "free-space", f"--namespace={place}", "--type=merge", f"--patch={edit}")
    wait_until("a run", lambda: bool(status(cluster, place).get("lastSuccessTime")), timeout_seconds=90)
