"""The catalog of an image that a task names for its workers: read by a pod, kept, or a reason why not."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.installing import Installation
from tests.operator_processes import task

pytestmark = pytest.mark.usefixtures("installation")


def ready(cluster: Cluster, namespace: str, name: str) -> tuple[str, str]:
    """Reason and message of its Ready condition."""
    found = json.loads(cluster.kubectl("get", "stask", name, f"--namespace={namespace}", "--output=json"))
    conditions: list[dict[str, Any]] = (found.get("status") or {}).get("conditions") or [{}]
    condition = next((each for each in conditions if each.get("type") == "Ready"), {})
    return condition.get("reason", ""), condition.get("message", "")


def test_a_task_of_another_image_is_found_in_its_catalog_and_the_pod_goes(
    cluster: Cluster, namespace: str, installation: Installation, part: Callable[[str], str]
) -> None:
    image = part("worker")
    known = task("known", namespace, schedule="@daily", worker={"image": image})
    unknown = task("unknown", namespace, task="system-helth", schedule="@daily", worker={"image": image})
    cluster.kubectl("apply", "--filename=-", stdin=f"{known}\n---\n{unknown}")

    wait_until("its catalog", lambda: ready(cluster, namespace, "known")[0] == "Scheduled", timeout_seconds=120)
    wait_until("the other", lambda: ready(cluster, namespace, "unknown")[0] == "UnknownTask", timeout_seconds=60)
    kept = cluster.kubectl("get", "configmap", "stask-catalogs", f"--namespace={namespace}", "--output=yaml")

    assert "system-health" in kept
    assert "did you mean system-health?" in ready(cluster, namespace, "unknown")[1]
    assert "Heavy" in cluster.kubectl("get", "stask", "known", f"--namespace={namespace}")
    wait_until(
        "the end of the catalog's pod",
        lambda: "stask-catalog" not in cluster.kubectl("get", "pods", f"--namespace={namespace}"),
        timeout_seconds=60,
    )


@pytest.mark.parametrize(
    ("image", "words"),
    [("localhost/there-is-none:here", "localhost/there-is-none:here"), ("localhost/scheduledtask-redis:e2e", "python")],
    ids=["no image", "an image that is none of ours"],
)
def test_an_image_without_a_catalog_says_why(cluster: Cluster, namespace: str, image: str, words: str) -> None:
    cluster.kubectl(
        "apply", "--filename=-", stdin=task("waiting", namespace, schedule="@daily", worker={"image": image})
    )

    def says_why() -> bool:
        reason, message = ready(cluster, namespace, "waiting")
        return reason == "CatalogPending" and words in message.partition(image)[2]

    wait_until("the reason", says_why, timeout_seconds=120)
