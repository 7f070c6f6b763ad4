"""What is applied to install the operator, before an API server that checks, and nothing that runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster.cluster import Api
from tests.cluster.errors import CommandFailedError
from tests.cluster.permissions import ABOUT_ONESELF, list_rules, rules_of

from scheduledtask_operator.manifests.installation_permissions import (
    EDIT,
    EVERYWHERE,
    IN_OWN_NAMESPACE,
    RUN,
    VIEW,
    Permission,
)

DEPLOY = Path(__file__).parents[2] / "deploy"
SYSTEM = "scheduledtask-system"
OPERATOR = f"system:serviceaccount:{SYSTEM}:scheduledtask-operator"


@pytest.fixture(scope="module")
def installed(api: Api) -> Iterator[Api]:
    """With deploy/ applied, as the page says."""
    api.kubectl("apply", "--server-side", f"--filename={DEPLOY}")
    yield api
    api.kubectl("delete", f"--filename={DEPLOY}", "--wait=false")


def test_the_operators_account_may_do_in_its_namespace_what_the_page_says(installed: Api) -> None:
    assert list_rules(installed, OPERATOR, SYSTEM) == rules_of(*EVERYWHERE, *IN_OWN_NAMESPACE) | ABOUT_ONESELF


def test_the_operators_account_has_no_lease_elsewhere(installed: Api) -> None:
    assert list_rules(installed, OPERATOR, "default") == rules_of(*EVERYWHERE) | ABOUT_ONESELF


@pytest.mark.parametrize("account", [f"{SYSTEM}:scheduledtask-redis", f"{SYSTEM}:default", "default:stask-worker"])
def test_the_other_accounts_may_do_nothing(installed: Api, account: str) -> None:
    assert list_rules(installed, f"system:serviceaccount:{account}", account.partition(":")[0]) == ABOUT_ONESELF


def test_the_secret_of_the_workers_redis_user_can_be_made(installed: Api) -> None:
    assert apply_secret(installed, "stask-redis") == "secret/stask-redis serverside-applied (server dry run)\n"


def test_no_other_secret_can_be_made_or_read(installed: Api) -> None:
    with pytest.raises(CommandFailedError, match="forbidden"):
        apply_secret(installed, "database-password")
    with pytest.raises(CommandFailedError, match="forbidden"):
        installed.kubectl("get", "secret", "database-password", f"--as={OPERATOR}")
    with pytest.raises(CommandFailedError, match="forbidden"):
        installed.kubectl("get", "secrets", f"--as={OPERATOR}")


def apply_secret(api: Api, name: str) -> str:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"}}
    options = ("--server-side", "--dry-run=server", "--filename=-", f"--as={OPERATOR}")
    return api.kubectl("apply", *options, stdin=json.dumps(secret))


@pytest.mark.parametrize(
    ("role", "permissions"),
    [("scheduledtask-view", VIEW), ("scheduledtask-edit", EDIT), ("scheduledtask-run", RUN)],
)
def test_people_are_given_what_the_page_says(installed: Api, role: str, permissions: tuple[Permission, ...]) -> None:
    binding = f"{role}-of-somebody"
    installed.kubectl("create", "rolebinding", binding, f"--clusterrole={role}", f"--user={role}", "-n=default")

    assert list_rules(installed, role, "default") == rules_of(*permissions) | ABOUT_ONESELF


def test_the_pods_keep_to_the_strictest_pod_security(installed: Api) -> None:
    """The API server judges pods, not what makes them."""
    documents = yaml.safe_load_all((DEPLOY / "scheduledtask.yaml").read_text(encoding="utf-8"))
    templates = [each["spec"]["template"] for each in documents if each["kind"] in ("Deployment", "StatefulSet")]

    assert len(templates) == 2
    for template in templates:
        create(installed, template)


def test_a_pod_that_asks_for_more_is_refused_there(installed: Api) -> None:
    container = {"name": "main", "image": "any", "securityContext": {"privileged": True}}
    greedy = {"spec": {"serviceAccountName": "scheduledtask-operator", "containers": [container]}}

    with pytest.raises(CommandFailedError, match="violates PodSecurity"):
        create(installed, greedy)


def create(api: Api, template: dict[str, Any]) -> None:
    """As the pod of a workload, without making it; a claim template's volume is an empty folder here."""
    spec = dict(template["spec"])
    mounted = {mount["name"] for each in spec["containers"] for mount in each.get("volumeMounts", [])}
    declared = {volume["name"] for volume in spec.get("volumes", [])}
    spec["volumes"] = [*spec.get("volumes", []), *({"name": name, "emptyDir": {}} for name in mounted - declared)]
    metadata = {**template.get("metadata", {}), "name": "tried", "namespace": SYSTEM}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    api.kubectl("create", "--dry-run=server", "--filename=-", stdin=json.dumps(pod))
