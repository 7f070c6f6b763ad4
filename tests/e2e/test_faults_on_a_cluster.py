"""The faults that a cluster can be dealt by a test, where it is ours to deal them."""

import json

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.errors import CommandFailedError, NotOnThisClusterError

FIELDS = "jsonpath={.status.containerStatuses[0].restartCount}"


def run_sleeper(cluster: Cluster, namespace: str, image: str) -> None:
    container = {"name": "main", "image": image, "imagePullPolicy": "Never", "command": ["sleep", "3600"]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sleeper"}, "spec": spec}
    cluster.kubectl("create", f"--namespace={namespace}", "--filename=-", stdin=json.dumps(manifest))
    cluster.kubectl("wait", "pod/sleeper", "--for=condition=Ready", f"--namespace={namespace}", "--timeout=90s")


def restarts(cluster: Cluster, namespace: str) -> int:
    return int(cluster.kubectl("get", "pod", "sleeper", f"--namespace={namespace}", f"--output={FIELDS}"))


def test_a_container_killed_from_outside_is_started_again(cluster: Cluster, namespace: str, tools: str) -> None:
    run_sleeper(cluster, namespace, tools)

    try:
        cluster.signal_container(namespace, "sleeper", "main", "KILL")
    except NotOnThisClusterError as error:
        pytest.skip(str(error))

    wait_until("a restart", lambda: restarts(cluster, namespace) == 1, timeout_seconds=60)


def test_pods_go_on_while_the_api_server_is_stopped(cluster: Cluster, namespace: str, tools: str) -> None:
    run_sleeper(cluster, namespace, tools)

    try:
        cluster.stop_api_server()
    except NotOnThisClusterError as error:
        pytest.skip(str(error))
    try:
        with pytest.raises(CommandFailedError, match="refused"):
            cluster.kubectl("get", "pods")
    finally:
        cluster.start_api_server()

    cluster.kubectl("wait", "pod/sleeper", "--for=condition=Ready", f"--namespace={namespace}", "--timeout=90s")
    assert restarts(cluster, namespace) == 0
