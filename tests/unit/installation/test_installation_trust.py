"""Each container of the control plane's pod holds only what it is trusted with."""

from typing import Any

import pytest

from scheduledtask_operator.manifests.installation import Installation, installation_objects
from scheduledtask_operator.manifests.installation_permissions import EVERYWHERE, IN_OWN_NAMESPACE

TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105
CONTROL = "/run/scheduledtask/control"
RUNNERS = "/run/scheduledtask/runners"


def pod_spec() -> dict[str, Any]:
    (deployment,) = [each for each in installation_objects(Installation()) if each["kind"] == "Deployment"]
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


def container(name: str) -> dict[str, Any]:
    (found,) = [each for each in pod_spec()["containers"] if each["name"] == name]
    return found


def folders(name: str) -> set[str]:
    return {mount["mountPath"] for mount in container(name)["volumeMounts"]}


def variables(name: str) -> set[str]:
    return {variable["name"] for variable in container(name).get("env", [])}


def test_the_token_is_in_the_operators_container_alone() -> None:
    assert pod_spec()["automountServiceAccountToken"] is False
    assert [each["name"] for each in pod_spec()["containers"] if TOKEN_FOLDER in folders(each["name"])] == ["operator"]


def test_redis_is_in_the_schedulers_container_alone() -> None:
    assert {"REDIS_PASSWORD", "SCHEDULEDTASK_REDIS_URL"} <= variables("scheduler")
    assert variables("operator") == {"POD_NAMESPACE", "POD_NAME"}
    assert variables("runners") == set()


def test_the_operator_tells_workers_where_redis_is_but_not_how_to_log_in() -> None:
    (told,) = [argument for argument in container("operator")["args"] if argument.startswith("--worker-redis-url=")]

    assert told == "--worker-redis-url=redis://scheduledtask-redis.scheduledtask-system.svc:6379/0"


def test_each_socket_is_shared_by_the_two_that_speak_over_it() -> None:
    assert folders("operator") == {CONTROL, TOKEN_FOLDER, "/tmp"}
    assert folders("scheduler") == {CONTROL, RUNNERS, "/tmp"}
    assert folders("runners") == {RUNNERS, "/tmp"}


def test_no_two_containers_share_a_tmp() -> None:
    tmp = [
        mount["name"] for each in pod_spec()["containers"] for mount in each["volumeMounts"] if "tmp" in mount["name"]
    ]

    assert len(tmp) == len(set(tmp)) == 3


def test_every_container_has_a_memory_limit() -> None:
    assert all("memory" in each["resources"]["limits"] for each in pod_spec()["containers"])


def test_no_password_stands_in_the_manifests() -> None:
    assert [each for each in installation_objects(Installation()) if each["kind"] == "Secret"] == []


@pytest.mark.parametrize("permission", [*EVERYWHERE, *IN_OWN_NAMESPACE], ids=lambda each: each.full_resource)
def test_each_right_is_named_and_has_its_reason(permission: Any) -> None:
    assert "*" not in "".join((permission.group, permission.resource, *permission.verbs))
    assert permission.why


def test_only_one_secret_and_one_service_account_of_a_namespace_can_be_touched() -> None:
    named = {each.resource: each.names for each in EVERYWHERE if each.resource in ("secrets", "serviceaccounts")}

    assert named == {"secrets": ("stask-redis",), "serviceaccounts": ("stask-worker",)}
