"""A light task takes an argument from a Secret where its namespace lets it, and a whole namespace can be paused."""

import itertools
import json
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cluster.cluster import Api
from tests.cluster.permissions import role_rules
from tests.limited_account import limited_to
from tests.operator_processes import EVERY_SECOND, PodOfProcesses, pod_of_processes, task, until
from tests.redis_contents import contents
from tests.redis_server import RealServer

from scheduledtask_operator.manifests.installation_permissions import SECRET_READER, SECRET_READER_ROLE

NAMESPACE = "confiding"
PAUSED_NAMESPACE = "at-rest"
WORD = "hunter2_correct_horse"
ARGUMENTS = {
    "url": {"secretKeyRef": {"name": "db", "key": "url"}},
    "tables": [{"table": {"secretKeyRef": {"name": "db", "key": "table"}}, "age_column": "at", "max_age": "30d"}],
}


@pytest.fixture
def with_reader_role(api: Api) -> Iterator[Api]:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": SECRET_READER_ROLE},
        "rules": role_rules(*SECRET_READER),
    }
    api.kubectl("apply", "--filename=-", stdin=json.dumps(role))
    yield api
    api.kubectl("delete", "clusterrole", SECRET_READER_ROLE)


@contextmanager
def operator_of(api: Api, namespace: str, redis_server: RealServer, folder: Path) -> Iterator[PodOfProcesses]:
    options = (f"--namespace={namespace}",)
    with (
        limited_to(api, namespace, folder) as limited,
        pod_of_processes(limited, folder, redis_server.url, options=options) as pod,
    ):
        until("the operator is ready", lambda: pod.get("/readyz")[0] == 200)
        yield pod


def kubectl(api: Api, *arguments: str, stdin: str = "", namespace: str = NAMESPACE) -> str:
    return api.kubectl(*arguments, f"--namespace={namespace}", stdin=stdin)


def put_secret(api: Api, file: Path) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "db"},
        "stringData": {"url": f"sqlite:///{file}", "table": WORD},
    }
    kubectl(api, "apply", "--filename=-", stdin=json.dumps(secret))


def status(api: Api, name: str, namespace: str = NAMESPACE) -> dict:
    return json.loads(kubectl(api, "get", "stask", name, "--output=json", namespace=namespace)).get("status", {})


def ready(api: Api, name: str, namespace: str = NAMESPACE) -> dict[str, str]:
    return next((each for each in status(api, name, namespace).get("conditions", []) if each["type"] == "Ready"), {})


def test_a_light_task_reads_a_secret_when_its_namespace_lets_it(
    with_reader_role: Api, redis_server: RealServer, tmp_path: Path
) -> None:
    with operator_of(with_reader_role, NAMESPACE, redis_server, tmp_path) as pod:
        reads_a_secret_when_let(with_reader_role, pod, redis_server, tmp_path)


def reads_a_secret_when_let(api: Api, pod: PodOfProcesses, redis_server: RealServer, tmp_path: Path) -> None:
    put_secret(api, tmp_path / "none.db")
    spec = {"task": "database-cleanup", "arguments": ARGUMENTS, "schedule": EVERY_SECOND}
    kubectl(api, "apply", "--filename=-", stdin=task("sweep", NAMESPACE, **spec))
    until("it is refused", lambda: ready(api, "sweep").get("reason") == "SecretNotReadable")
    message = ready(api, "sweep")["message"]
    command = message.partition("run: ")[2]
    assert message.startswith("spec.arguments: Secret db: namespace confiding does not let the operator read it; run: ")
    assert command == (
        "kubectl create rolebinding scheduledtask-secret-reader --clusterrole=scheduledtask-secret-reader "
        "--serviceaccount=default:of-confiding --namespace=confiding"
    )
    assert pod.bodies() == []

    api.kubectl(*shlex.split(command)[1:])
    until("the run fails at the database", lambda: status(api, "sweep").get("lastFailureTime"))
    assert "***" in status(api, "sweep")["history"][0]["message"]

    database = tmp_path / "good.db"
    sqlite3.connect(database).execute(f"CREATE TABLE {WORD} (id INTEGER PRIMARY KEY, at DATETIME)")
    put_secret(api, database)
    until("the new value counts", lambda: pod.ran("sweep"))

    everything = {
        "objects": kubectl(api, "get", "stask,strun,events,configmaps,deployments", "--output=json"),
        "metrics": pod.get("/metrics")[1],
        **{part: pod.log_file(part).read_text() for part in ("operator", "scheduler", "runners")},
        **dict(contents(redis_server.url)),
    }
    assert "secretKeyRef" in "".join(everything.values())
    assert '"table": "***"' in everything["objects"] or '"table":"***"' in "".join(everything.values())
    assert [place for place, text in everything.items() if WORD in text or f"sqlite:///{tmp_path}" in text] == []

    kubectl(api, "delete", "rolebinding", SECRET_READER_ROLE)
    until("what is taken back counts", lambda: ready(api, "sweep").get("reason") == "SecretNotReadable")


def test_a_namespace_is_paused_and_goes_on(api: Api, redis_server: RealServer, tmp_path: Path) -> None:
    with operator_of(api, PAUSED_NAMESPACE, redis_server, tmp_path) as pod:
        is_paused_and_goes_on(api, pod)


def is_paused_and_goes_on(api: Api, pod: PodOfProcesses) -> None:
    kubectl(
        api,
        "apply",
        "--filename=-",
        stdin=task("check", PAUSED_NAMESPACE, schedule=EVERY_SECOND),
        namespace=PAUSED_NAMESPACE,
    )
    kubectl(
        api,
        "apply",
        "--filename=-",
        stdin=task("spoiled", PAUSED_NAMESPACE, schedule=EVERY_SECOND),
        namespace=PAUSED_NAMESPACE,
    )
    until("both ran", lambda: pod.ran("check") and pod.ran("spoiled"))
    edit = json.dumps({"spec": {"task": "no-such-task"}})
    kubectl(api, "patch", "stask", "spoiled", "--type=merge", f"--patch={edit}", namespace=PAUSED_NAMESPACE)
    until("the edit is refused", lambda: status(api, "spoiled", PAUSED_NAMESPACE).get("state") == "UnknownTask")

    api.kubectl("annotate", "namespace", PAUSED_NAMESPACE, "scheduledtask.dev/paused=true")
    until("the status says so", lambda: status(api, "check", PAUSED_NAMESPACE).get("state") == "NamespacePaused")
    shown = kubectl(api, "get", "stask", "check", namespace=PAUSED_NAMESPACE)
    paused_at = max(pod.ran("check"))
    request = {
        "apiVersion": "scheduledtask.dev/v1alpha1",
        "kind": "ScheduledTaskRun",
        "metadata": {"name": "now"},
        "spec": {"scheduledTask": "check"},
    }
    kubectl(api, "apply", "--filename=-", stdin=json.dumps(request), namespace=PAUSED_NAMESPACE)
    kubectl(
        api,
        "wait",
        "--for=jsonpath={.status.reason}=NamespacePaused",
        "strun/now",
        "--timeout=60s",
        namespace=PAUSED_NAMESPACE,
    )

    assert "NamespacePaused" in shown
    assert ready(api, "check", PAUSED_NAMESPACE)["status"] == "True"
    assert ready(api, "check", PAUSED_NAMESPACE)["message"].startswith("paused by its namespace")

    api.kubectl("annotate", "namespace", PAUSED_NAMESPACE, "scheduledtask.dev/paused-")
    for name in ("check", "spoiled"):
        until("it runs again", lambda name=name: max(pod.ran(name)) > paused_at + 2)
        gaps = [later - slot for slot, later in itertools.pairwise(sorted(pod.ran(name))) if later - slot > 3]
        assert len(gaps) == 1, f"nothing of the pause was caught up: {name}, {gaps}"
