"""`spec.triggers` with the operator as processes against a real API server: objects, conditions, a restart."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.cluster.cluster import Api
from tests.operator_processes import PodOfProcesses, pod_of_processes, task, until
from tests.redis_server import running_server

FAILED = {"outcomes": ["Failed"]}
SUCCEEDED = {"outcomes": ["Succeeded"]}


@pytest.fixture(scope="module")
def pod(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodOfProcesses]:
    folder = tmp_path_factory.mktemp("pod")
    with running_server(folder / "redis") as server, pod_of_processes(api, folder, server.url) as pod:
        until("the operator is ready", lambda: pod.get("/readyz")[0] == 200)
        yield pod
    for kind in ("scheduledtasks", "scheduledtaskruns"):
        api.kubectl("delete", f"--raw=/apis/scheduledtask.dev/v1alpha1/namespaces/default/{kind}")


def apply(api: Api, name: str, **spec: Any) -> None:
    api.kubectl("apply", "--filename=-", stdin=task(name, "default", schedule=None, **spec))


def ask(api: Api, name: str, of: str) -> None:
    head = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTaskRun"}
    metadata = {"name": name, "namespace": "default"}
    manifest = {**head, "metadata": metadata, "spec": {"scheduledTask": of}}
    api.kubectl("create", "--filename=-", stdin=json.dumps(manifest))


def runs_of(api: Api, name: str) -> list[dict[str, Any]]:
    items = json.loads(api.kubectl("get", "strun", "--namespace=default", "--output=json"))["items"]
    return [item for item in items if item["spec"]["scheduledTask"] == name]


def ready(api: Api, name: str) -> tuple[str, str, str]:
    """Status, reason and message of its Ready condition."""
    found = json.loads(api.kubectl("get", "stask", name, "--namespace=default", "--output=json")).get("status") or {}
    condition = next((each for each in found.get("conditions") or [] if each["type"] == "Ready"), {})
    return condition.get("status", ""), condition.get("reason", ""), condition.get("message", "")


def outcomes(api: Api, name: str) -> list[str | None]:
    return [run.get("status", {}).get("outcome") for run in runs_of(api, name)]


def test_an_end_makes_one_object_whose_run_knows_why_and_a_restart_makes_no_other(
    api: Api, pod: PodOfProcesses
) -> None:
    apply(api, "parent")
    apply(api, "child", triggers=[{"scheduledTask": "parent", **SUCCEEDED}])
    apply(api, "unmoved", triggers=[{"scheduledTask": "parent", **FAILED}])
    until("all are ready", lambda: all(ready(api, name)[0] == "True" for name in ("parent", "child", "unmoved")))
    assert ready(api, "child")[1:] == ("Triggered", "it runs when parent ends")

    ask(api, "asked", "parent")
    until("the child has run", lambda: outcomes(api, "child") == ["Succeeded"])

    (made,) = runs_of(api, "child")
    (asked,) = runs_of(api, "parent")
    cause = made["spec"]["triggeredBy"]
    assert (cause["scheduledTask"], cause["outcome"], cause["depth"]) == ("parent", "Succeeded", 1)
    assert cause["runId"] == asked["status"]["runId"]
    until("it has its owner", lambda: "ownerReferences" in runs_of(api, "child")[0]["metadata"])
    assert runs_of(api, "unmoved") == []

    api.kubectl("delete", "strun", made["metadata"]["name"], "--namespace=default")
    bodies = len(pod.ran("child"))
    pod.stop("operator")
    pod.start("operator")
    until("it is made anew, and told as it was", lambda: outcomes(api, "child") == ["Succeeded"])
    assert runs_of(api, "child")[0]["status"]["runId"] == made["status"]["runId"]
    assert len(pod.ran("child")) == bodies


def test_a_ring_is_refused_by_name_and_free_again_when_it_is_opened(api: Api, pod: PodOfProcesses) -> None:
    apply(api, "one", triggers=[{"scheduledTask": "two", **FAILED}])
    until("what is missing is said", lambda: "there is no ScheduledTask default/two yet" in ready(api, "one")[2])

    apply(api, "two", triggers=[{"scheduledTask": "one", **FAILED}])
    refused = {"one": "one -> two -> one", "two": "two -> one -> two"}
    for name, ring in refused.items():
        until("it is refused", lambda name=name: ready(api, name)[:2] == ("False", "TriggerCycle"))
        assert ring in ready(api, name)[2]

    apply(api, "two", triggers=[])
    for name in refused:
        until("it is free again", lambda name=name: ready(api, name)[0] == "True")
