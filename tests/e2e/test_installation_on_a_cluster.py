"""The operator, installed: who of its containers holds what, tried from inside of them."""

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.diagnosis import read_pods
from tests.cluster.installing import Installation
from tests.cluster.permissions import ABOUT_ONESELF, list_rules, rules_of
from tests.e2e.api_tries import ASK_API, TOKEN

from scheduledtask_operator.manifests.installation_permissions import EVERYWHERE, IN_OWN_NAMESPACE, READ_API

ASK_REDIS = """
import socket
with socket.create_connection(("scheduledtask-redis.{namespace}.svc", 6379), timeout=5) as connection:
    connection.sendall(b"KEYS *\\r\\n")
    print(connection.recv(100).decode())
"""


@pytest.fixture
def pod(cluster: Cluster, installation: Installation) -> str:
    """The name of one of the operator's two pods."""
    pods = [each["metadata"]["name"] for each in read_pods(cluster, installation.namespace)]
    return next(name for name in pods if name.startswith("scheduledtask-operator-"))


@pytest.fixture
def run(cluster: Cluster, installation: Installation, pod: str) -> "Run":
    return Run(cluster, installation.namespace, pod)


class Run:
    """Runs programs in the pod's containers, as a body would."""

    def __init__(self, cluster: Cluster, namespace: str, pod: str) -> None:
        self._cluster = cluster
        self._pod = pod
        self.namespace = namespace

    def shell(self, container: str, script: str) -> str:
        where = (self._pod, f"--namespace={self.namespace}", f"--container={container}")
        return self._cluster.kubectl("exec", *where, "--", "sh", "-c", script).strip()

    def python(self, container: str, program: str) -> str:
        where = (self._pod, f"--namespace={self.namespace}", f"--container={container}")
        return self._cluster.kubectl("exec", *where, "--", "python", "-c", program).strip()


def test_every_container_is_ready_and_nobody_is_root(cluster: Cluster, run: Run) -> None:
    assert all(
        container["ready"]
        for pod in read_pods(cluster, run.namespace)
        for container in pod["status"]["containerStatuses"]
    )
    for container in ("operator", "scheduler", "runners"):
        assert run.shell(container, "id -u; touch /written 2>&1 || true") == (
            "65532\ntouch: cannot touch '/written': Read-only file system"
        )


@pytest.mark.parametrize(("container", "answer"), [("operator", "token"), ("scheduler", "none"), ("runners", "none")])
def test_the_token_is_in_the_operators_container_alone(run: Run, container: str, answer: str) -> None:
    assert run.shell(container, f"test -s {TOKEN} && echo token || echo none") == answer


@pytest.mark.parametrize("container", ["scheduler", "runners"])
def test_who_has_no_token_lists_nothing(run: Run, container: str) -> None:
    assert run.python(container, ASK_API) in ("401", "403")


def test_the_runners_are_told_to_authenticate_by_redis(run: Run) -> None:
    assert run.python("runners", ASK_REDIS.format(namespace=run.namespace)).startswith("-NOAUTH")


def test_the_runners_see_no_process_but_their_own(run: Run) -> None:
    """So nobody's environment either."""
    commands = run.shell("runners", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")

    assert "scheduledtask runners" in commands
    assert "scheduledtask operator" not in commands
    assert "scheduledtask scheduler" not in commands


@pytest.mark.parametrize("container", ["operator", "runners"])
def test_the_password_of_redis_is_in_no_environment_but_the_schedulers(run: Run, container: str) -> None:
    environments = "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -ciE 'password|redis://:' || true"

    assert run.shell(container, environments) == "0"
    assert run.shell("scheduler", environments) != "0"


def test_the_runners_have_no_socket_of_the_control_plane(run: Run) -> None:
    assert run.shell("runners", "ls /run/scheduledtask") == "runners"
    assert run.shell("operator", "ls /run/scheduledtask") == "catalog\ncontrol"


def test_each_account_may_do_what_the_page_of_permissions_says(cluster: Cluster, installation: Installation) -> None:
    def may(account: str) -> object:
        namespace = installation.namespace
        return list_rules(cluster.api, f"system:serviceaccount:{namespace}:{account}", namespace)

    assert may("scheduledtask-operator") == rules_of(*EVERYWHERE, *IN_OWN_NAMESPACE, *READ_API) | ABOUT_ONESELF
    assert may("scheduledtask-redis") == ABOUT_ONESELF
    assert may("stask-worker") == ABOUT_ONESELF
