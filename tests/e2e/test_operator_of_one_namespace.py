"""An operator that is to see one namespace only needs no rights outside of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cluster.cluster import Api
from tests.cluster.permissions import role_rules
from tests.operator_processes import EVERY_SECOND, pod_of_processes, task, until
from tests.redis_server import RealServer

from scheduledtask_operator.manifests.installation_permissions import EVERYWHERE, IN_OWN_NAMESPACE

NAMESPACE = "only-this"
USER = "of-one-namespace"


@pytest.fixture
def limited(api: Api, tmp_path: Path) -> Iterator[Api]:
    """The API server for a service account with rights in NAMESPACE alone, beside its Lease."""
    api.kubectl("create", "namespace", NAMESPACE)
    api.kubectl("create", "serviceaccount", USER, "--namespace=default")
    for namespace, permissions in ((NAMESPACE, EVERYWHERE), ("default", IN_OWN_NAMESPACE)):
        role = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": USER, "namespace": namespace},
            "rules": role_rules(*permissions),
        }
        api.kubectl("apply", "--filename=-", stdin=json.dumps(role))
        api.kubectl(
            "create",
            "rolebinding",
            USER,
            f"--namespace={namespace}",
            f"--role={USER}",
            f"--serviceaccount=default:{USER}",
        )
    token = api.kubectl("create", "token", USER, "--namespace=default").strip()
    config = json.loads(api.kubectl("config", "view", "--raw", "--flatten", "--output=json"))
    for user in config["users"]:
        user["user"] = {"token": token}
    kubeconfig = tmp_path / "limited.kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    yield replace(api, kubeconfig=kubeconfig)
    api.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    api.kubectl("delete", f"--raw=/apis/scheduledtask.dev/v1alpha1/namespaces/{NAMESPACE}/scheduledtasks")
    api.kubectl("delete", "serviceaccount,role,rolebinding", USER, "--namespace=default")


def test_it_runs_what_lies_there_and_nothing_else(
    api: Api, limited: Api, redis_server: RealServer, tmp_path: Path
) -> None:
    options = (f"--namespace={NAMESPACE}",)
    with pod_of_processes(limited, tmp_path, redis_server.url, options=options) as pod:
        until("the operator is ready", lambda: pod.get("/readyz")[0] == 200)
        api.kubectl("apply", "--filename=-", stdin=task("elsewhere", schedule=EVERY_SECOND))
        api.kubectl("apply", "--filename=-", stdin=task("here", NAMESPACE, schedule=EVERY_SECOND))
        api.kubectl("wait", "--for=condition=Ready", "stask/here", f"--namespace={NAMESPACE}", "--timeout=60s")
        until("it ran", lambda: len(pod.ran("here")) >= 2)
        assert pod.ran("elsewhere") == []

        api.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
        until("it is gone for the operator", lambda: 'scheduledtask="here"' not in pod.get("/metrics")[1])
        assert [line["message"] for line in pod.log() if line["level"] in ("WARNING", "ERROR")] == []
    api.kubectl("delete", "stask", "elsewhere")
