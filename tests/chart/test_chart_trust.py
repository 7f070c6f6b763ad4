"""Each container of the control plane's pod holds only what it is trusted with."""

from typing import Any

import pytest
from tests.cluster.helm import Helm, of_kind

TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105
CONTROL = "/run/scheduledtask/control"
RUNNERS = "/run/scheduledtask/runners"
CATALOG = "/run/scheduledtask/catalog"
LOGGING = {"SCHEDULEDTASK_LOG_LEVEL", "SCHEDULEDTASK_LOG_FORMAT"}


@pytest.fixture(scope="module")
def spec(helm: Helm) -> dict[str, Any]:
    (deployment,) = of_kind(helm.render(), "Deployment")
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def container(spec: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in spec["containers"] if each["name"] == name]
    return found


def folders(spec: dict[str, Any], name: str) -> set[str]:
    return {mount["mountPath"] for mount in container(spec, name)["volumeMounts"]}


def variables(spec: dict[str, Any], name: str) -> set[str]:
    return {variable["name"] for variable in container(spec, name)["env"]} - LOGGING


def test_the_token_is_in_the_operators_container_alone(spec: dict[str, Any]) -> None:
    assert spec["automountServiceAccountToken"] is False
    assert [each["name"] for each in spec["containers"] if TOKEN_FOLDER in folders(spec, each["name"])] == ["operator"]


def test_redis_is_in_the_schedulers_container_alone(spec: dict[str, Any]) -> None:
    assert variables(spec, "scheduler") == {"REDIS_PASSWORD", "SCHEDULEDTASK_REDIS_URL"}
    assert variables(spec, "operator") == {"POD_NAMESPACE", "POD_NAME"}
    assert variables(spec, "runners") == set()


def test_the_operator_tells_workers_where_redis_is_but_not_how_to_log_in(spec: dict[str, Any]) -> None:
    arguments = container(spec, "operator")["args"]

    assert "--worker-redis-url=redis://scheduledtask-redis.scheduledtask-system.svc:6379/0" in arguments
    assert "REDIS_PASSWORD" not in str(container(spec, "operator"))


def test_each_socket_is_shared_by_the_two_that_speak_over_it(spec: dict[str, Any]) -> None:
    assert folders(spec, "operator") == {CONTROL, CATALOG, TOKEN_FOLDER, "/tmp"}
    assert folders(spec, "scheduler") == {CONTROL, RUNNERS, "/tmp"}
    assert folders(spec, "runners") == {RUNNERS, "/tmp"}


def test_the_operator_only_reads_what_the_runners_image_wrote(spec: dict[str, Any]) -> None:
    (wrote,) = spec["initContainers"]
    (mount,) = [each for each in container(spec, "operator")["volumeMounts"] if each["mountPath"] == CATALOG]

    assert {each["mountPath"] for each in wrote["volumeMounts"]} == {CATALOG, "/tmp"}
    assert mount["readOnly"]


def test_no_two_containers_share_a_tmp(spec: dict[str, Any]) -> None:
    tmp = [mount["name"] for each in spec["containers"] for mount in each["volumeMounts"] if "tmp" in mount["name"]]

    assert len(tmp) == len(set(tmp)) == 3


def test_every_container_has_a_memory_limit(helm: Helm) -> None:
    workloads = [each for each in helm.render() if each["kind"] in ("Deployment", "StatefulSet", "Job")]
    pods = [workload["spec"]["template"]["spec"] for workload in workloads]
    containers = [each for pod in pods for each in [*pod["containers"], *pod.get("initContainers", [])]]

    assert len(containers) == 7
    assert all("memory" in each["resources"]["limits"] for each in containers)


def test_no_password_stands_in_the_manifests(helm: Helm) -> None:
    assert of_kind(helm.render(), "Secret") == []


def test_rendering_twice_gives_the_same(helm: Helm) -> None:
    """Else Argo CD would see a difference for ever."""
    assert helm.text() == helm.text()
