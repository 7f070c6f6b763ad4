"""The API server away for a minute, and Redis' pod deleted, while light and heavy runs are under way.

What ran is counted from the lines that bodies write themselves.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.cluster.body_journal import WORKER_POD_TEMPLATE, count, due, keep_journal, read_bodies
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.diagnosis import read_pods
from tests.cluster.errors import NotOnThisClusterError
from tests.cluster.installing import Installation, await_ready
from tests.light_load import LightLoad, assert_each_slot_ran_once, light_load
from tests.training_run import Training

AWAY_SECONDS = 60.0
HEAVY_PERIOD_SECONDS = 30
HEAVY_SCHEDULE = f"*/{HEAVY_PERIOD_SECONDS} * * * * *"
DEADLINE_SECONDS = 180.0

pytestmark = pytest.mark.long


@pytest.fixture
def load(cluster: Cluster, installation: Installation, namespace: str) -> Iterator[LightLoad]:
    await_ready(cluster, installation.namespace)
    with light_load(cluster, namespace, installation.namespace) as load:
        yield load
    await_ready(cluster, installation.namespace)


def restarts(cluster: Cluster, namespace: str) -> dict[tuple[str, str], int]:
    """By pod and container."""
    return {
        (pod["metadata"]["name"], container["name"]): container["restartCount"]
        for pod in read_pods(cluster, namespace)
        for container in pod["status"].get("containerStatuses", [])
    }


def test_the_api_server_is_away_for_a_minute(
    cluster: Cluster, installation: Installation, load: LightLoad, training: Training
) -> None:
    training.ask("digits", candidates=60)
    before = restarts(cluster, installation.namespace), training.pods()
    try:
        cluster.stop_api_server()
    except NotOnThisClusterError as error:
        pytest.skip(str(error))
    stopped_at = time.time()
    try:
        wait_until("the outage", lambda: time.time() >= stopped_at + AWAY_SECONDS, timeout_seconds=AWAY_SECONDS + 5)
    finally:
        cluster.start_api_server()

    during = [body for body in load.bodies() if stopped_at + 5 < body.began_at < stopped_at + AWAY_SECONDS]
    assert len(during) > AWAY_SECONDS / 5 / 2, "light slots, five seconds apart, ran while it was away"
    assert_each_slot_ran_once(load.counts(load.settle()))
    training.kubectl("wait", "strun/now", "--for=condition=Complete", "--timeout=240s")
    (body,) = training.bodies()
    assert (body.attempt, body.state) == (1, "Succeeded")
    assert (restarts(cluster, installation.namespace), before[1]) == before
    await_true_statuses(cluster, load)


def await_true_statuses(cluster: Cluster, load: LightLoad) -> None:
    """What `kubectl get stask` shows is what the bodies wrote."""

    def shown() -> dict[str, str]:
        found = json.loads(cluster.kubectl("get", "stask", f"--namespace={load.namespace}", "--output=json"))
        statuses = {each["metadata"]["name"]: each["status"] for each in found["items"]}
        return {name: status.get("lastSuccessTime", "1970-01-01T00:00:00Z") for name, status in statuses.items()}

    def right() -> bool:
        ended: dict[str, float] = {}
        for body in load.bodies():
            if body.succeeded and body.ended_at is not None:
                ended[body.name] = max(body.ended_at, ended.get(body.name, 0.0))
        stale_seconds = [
            ended[name] - datetime.fromisoformat(at).timestamp() for name, at in shown().items() if name in ended
        ]
        return max(stale_seconds) < 45  # routine writes come each 30 s

    wait_until("statuses that are right again", right, timeout_seconds=DEADLINE_SECONDS)


def test_redis_pod_is_deleted_under_light_and_heavy_runs(
    cluster: Cluster, installation: Installation, namespace: str, load: LightLoad
) -> None:
    keep_journal(cluster, namespace)
    cluster.kubectl("apply", "--filename=-", stdin=json.dumps(heavy_task(namespace)))
    heavy = lambda: [body for body in read_bodies(cluster, [namespace], namespace) if body.name == "training"]  # noqa: E731
    wait_until("a heavy body", lambda: any(body.succeeded for body in heavy()), timeout_seconds=DEADLINE_SECONDS)
    since = datetime.now(UTC)

    cluster.kubectl("delete", "pod", "scheduledtask-redis-0", f"--namespace={installation.namespace}", "--wait=false")

    wait_until(
        "heavy slots after the fault",
        lambda: sum(body.succeeded and body.began_at > since.timestamp() for body in heavy()) >= 3,
        timeout_seconds=DEADLINE_SECONDS,
    )
    end = datetime.now(UTC) - timedelta(seconds=HEAVY_PERIOD_SECONDS / 2)  # the last slot before it has its run
    slots = due(namespace, "training", HEAVY_SCHEDULE, since, end)
    assert_each_slot_ran_once({**load.counts(load.settle()), "training": count(heavy(), slots)})


def heavy_task(namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "scheduledtask.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": "training", "namespace": namespace},
        "spec": {
            "schedule": HEAVY_SCHEDULE,
            "task": "model-training",
            "arguments": {"dataset": "breast_cancer", "candidates": 1},
            "worker": {"podTemplate": WORKER_POD_TEMPLATE},
        },
    }
