"""What the hook after an uninstall does on an API server, by the rights that the chart gives it.

Nothing runs there: a pod that is bound to a node goes only when a kubelet says so, thus here never.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chart.hook_programs import Hook, hooks_of, pod_of
from tests.cluster.cluster import Api
from tests.cluster.helm import Helm, Json

from scheduledtask_operator.manifests.naming import CATALOG_COMPONENT, component_labels, pool_labels

NAMESPACE = "removal"
TEAM = "removal-team"  # of this file alone: on an API server without controllers a deleted namespace stays
ELSEWHERE = "removal-elsewhere"
OPERATOR = "scheduledtask-operator"
KINDS = "deployments,replicasets,pods"
RESTRICTED = {"containers": [{"name": "worker", "image": "any"}]}


@pytest.fixture(scope="module")
def hooks(api: Api, helm: Helm) -> Iterator[list[Json]]:
    for name in (TEAM, ELSEWHERE):
        api.kubectl("create", "namespace", name)
        api.kubectl("create", "serviceaccount", "default", f"--namespace={name}")
    with hooks_of(api, helm, NAMESPACE, {}) as objects:
        yield objects
    api.kubectl("delete", "namespace", TEAM, ELSEWHERE, "--wait=false")


@pytest.fixture
def removal(api: Api, hooks: list[Json], tmp_path: Path) -> Hook:
    return Hook(api, pod_of(hooks, "removal"), NAMESPACE, tmp_path)


def apply(api: Api, *objects: Json) -> None:
    api.apply(objects, "--server-side")


def deployment(name: str, namespace: str, labels: dict[str, str]) -> Json:
    template = {"metadata": {"labels": labels or {"app": name}}, "spec": RESTRICTED}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"selector": {"matchLabels": template["metadata"]["labels"]}, "template": template},
    }


def pod(name: str, namespace: str, labels: dict[str, str], **spec: object) -> Json:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**RESTRICTED, **spec}}


def names(api: Api, namespace: str) -> list[str]:
    """Of what was not told to go: there is no garbage collector here, which an orphaning Deployment waits for."""
    found = json.loads(api.kubectl("get", KINDS, f"--namespace={namespace}", "--output=json"))["items"]
    return sorted(
        f"{each['kind']} {each['metadata']['name']}" for each in found if "deletionTimestamp" not in each["metadata"]
    )


def test_workers_and_catalog_pods_go_and_nothing_else(api: Api, removal: Hook) -> None:
    apply(
        api,
        deployment("stask-train", TEAM, pool_labels("train")),
        {**deployment("stask-train-5d", TEAM, pool_labels("train")), "kind": "ReplicaSet"},
        deployment("web", TEAM, {}),
        pod("stask-train-1", TEAM, pool_labels("train")),
        pod("stask-catalog-1", TEAM, component_labels(CATALOG_COMPONENT)),
        pod("web-1", TEAM, {"app.kubernetes.io/component": "worker"}),
    )

    done = removal.run()

    assert done.returncode == 0, done.stderr
    assert names(api, TEAM) == ["Deployment web", "Pod web-1"]
    *ended, last = done.stdout.splitlines()
    assert [line for line in ended if f" {TEAM}/" in line] == [
        f"ending deployments {TEAM}/stask-train",
        f"ending pods {TEAM}/stask-catalog-1",
        f"ending pods {TEAM}/stask-train-1",
        f"ending replicasets {TEAM}/stask-train-5d",
    ]
    assert last == f"workers and their pods are gone: {len(ended)}"


def test_only_the_watched_namespaces_are_looked_at(api: Api, removal: Hook) -> None:
    apply(api, *(deployment("stask-report", namespace, pool_labels("report")) for namespace in (TEAM, ELSEWHERE)))

    done = removal.run(NAMESPACE, OPERATOR, TEAM)

    assert done.returncode == 0, done.stderr
    assert "Deployment stask-report" not in names(api, TEAM)
    assert names(api, ELSEWHERE) == ["Deployment stask-report"]
    removal.run(NAMESPACE, OPERATOR, ELSEWHERE)


def test_while_the_operator_is_there_nothing_is_removed(api: Api, removal: Hook) -> None:
    """Who applies all that `helm template` prints applies the hook too."""
    apply(api, deployment(OPERATOR, NAMESPACE, {}), deployment("stask-kept", TEAM, pool_labels("kept")))

    done = removal.run()

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Deployment {OPERATOR} of namespace {NAMESPACE} is installed: nothing is removed\n"
    assert "Deployment stask-kept" in names(api, TEAM)
    api.kubectl("delete", "deployment", OPERATOR, f"--namespace={NAMESPACE}", "--cascade=background")
    assert removal.run().returncode == 0


def test_without_rights_it_ends_at_once_and_says_so(api: Api, removal: Hook) -> None:
    done = removal.run("elsewhere", OPERATOR)

    assert done.returncode == 1
    assert "403 Forbidden" in done.stderr
    assert "deployments.apps" in done.stderr


def test_without_any_worker_it_says_so(removal: Hook) -> None:
    assert removal.run().stdout == "there were no workers\n"
