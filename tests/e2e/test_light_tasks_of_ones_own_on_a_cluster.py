"""A user's own light task is in the runners: it runs where it is listed, and says elsewhere what to ask for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.installing import Installation, await_ready, install
from tests.cluster.node_images import NodeImages
from tests.cluster.places import places
from tests.cluster.progress import Progress
from tests.operator_processes import task

OWN_TASK = Path(__file__).parents[2] / "examples" / "own-task"
FOLDER = "/opt/own"
IN_THE_RUNNERS = {
    "extraVolumes": [{"name": "own", "configMap": {"name": "own"}}],
    "runners": {
        "extraEnv": [{"name": "SCHEDULEDTASK_PROJECT", "value": FOLDER}],
        "extraVolumeMounts": [{"name": "own", "mountPath": FOLDER}],
    },
}

Json = dict[str, Any]

pytestmark = pytest.mark.long  # the operator is installed twice


@pytest.fixture
def listed(cluster: Cluster, images: NodeImages, installation: Installation, namespace: str) -> Iterator[str]:
    """A namespace that is listed for the task. Afterwards the release is what other tests know."""
    files = [f"--from-file={OWN_TASK / name}" for name in ("own_task.py", "pyproject.toml")]
    cluster.kubectl("create", "configmap", "own", f"--namespace={installation.namespace}", *files)
    values = {**installation.values, **IN_THE_RUNNERS, "lightTasks": {"allow": [f"{namespace}/free-space"]}}
    installation.helm.upgrade(cluster.api, values)
    await_ready(cluster, installation.namespace)
    yield namespace
    install(cluster, images, places(), Progress())
    await_ready(cluster, installation.namespace)
    cluster.kubectl("delete", "configmap", "own", f"--namespace={installation.namespace}")


@pytest.fixture
def unlisted(cluster: Cluster, listed: str) -> Iterator[str]:
    name = f"{listed}-other"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def status(cluster: Cluster, namespace: str) -> Json:
    found = json.loads(cluster.kubectl("get", "stask", "free-space", f"--namespace={namespace}", "--output=json"))
    written: Json = found.get("status") or {}
    return written


def ready(cluster: Cluster, namespace: str) -> Json:
    conditions = status(cluster, namespace).get("conditions", [])
    return next((each for each in conditions if each["type"] == "Ready"), {})


def test_it_runs_where_it_is_listed_and_says_elsewhere_what_to_ask_for(
    cluster: Cluster, listed: str, unlisted: str
) -> None:
    for namespace in (listed, unlisted):
        manifest = task("free-space", namespace, task="free-space", schedule="*/5 * * * * *")
        cluster.kubectl("apply", "--filename=-", stdin=manifest)

    wait_until("a run", lambda: bool(status(cluster, listed).get("lastSuccessTime")), timeout_seconds=120)
    assert status(cluster, listed)["class"] == "Light"

    wait_until("the refusal", lambda: ready(cluster, unlisted).get("reason") == "LightNotAllowed", timeout_seconds=60)
    assert f"ask the platform team to list {unlisted}/free-space" in ready(cluster, unlisted)["message"]
    assert "lastScheduleTime" not in status(cluster, unlisted)
