"""The chart's roles, before an API server that judges by them: each account may do what docs/permissions.md says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.cluster.cluster import Api
from tests.cluster.errors import CommandFailedError
from tests.cluster.helm import NAMESPACE, Helm, Json, is_hook, named, of_kind
from tests.cluster.permissions import ABOUT_ONESELF, list_rules, role_rules, rules_of

from scheduledtask_operator.manifests.installation_permissions import (
    EDIT,
    EVERYWHERE,
    IN_OWN_NAMESPACE,
    READ_API,
    READ_API_REACH,
    REMOVAL,
    REMOVAL_IN_OWN_NAMESPACE,
    RUN,
    SECRET_READER,
    VIEW,
    Permission,
)

# Of this file alone: on an API server without controllers a namespace that was deleted stays as it is.
PLACE = "permissions"
WATCHED = ["watched-a", "watched-b"]
ACCOUNT = f"system:serviceaccount:{PLACE}:scheduledtask-operator"


def test_without_the_read_api_nobody_reviews_tokens(helm: Helm) -> None:
    for values in ({"readApi": {"enabled": False}}, {"watchNamespaces": WATCHED}):
        objects = helm.render(values)
        operator = named(objects, "Deployment", "scheduledtask-operator")["spec"]["template"]["spec"]["containers"][0]
        assert not any("read-api" in argument for argument in operator["args"])
        assert not any("read-api" in each["metadata"]["name"] for each in objects)


def test_who_may_reach_the_read_api_is_nobody_until_bound(helm: Helm) -> None:
    bound = [each["roleRef"]["name"] for each in helm.render() if each["kind"].endswith("Binding")]

    assert "scheduledtask-operator-read-api-reach" not in bound


def test_the_chart_lets_nobody_read_secrets(helm: Helm) -> None:
    """A namespace that wants it binds the role itself."""
    bound = [each["roleRef"]["name"] for each in helm.render() if each["kind"].endswith("Binding")]

    assert "scheduledtask-secret-reader" not in bound


def test_the_roles_are_what_the_page_says(helm: Helm) -> None:
    objects = helm.render()

    assert named(objects, "ClusterRole", "scheduledtask-operator")["rules"] == role_rules(*EVERYWHERE)
    assert named(objects, "Role", "scheduledtask-operator-leader")["rules"] == role_rules(*IN_OWN_NAMESPACE)
    assert named(objects, "ClusterRole", "scheduledtask-operator-read-api")["rules"] == role_rules(*READ_API)
    assert named(objects, "Role", "scheduledtask-operator-read-api-reach")["rules"] == role_rules(*READ_API_REACH)
    roles = (("view", VIEW), ("edit", EDIT), ("run", RUN), ("secret-reader", SECRET_READER))
    for name, permissions in roles:
        assert named(objects, "ClusterRole", f"scheduledtask-{name}")["rules"] == role_rules(*permissions)


def test_there_are_no_others_but_the_hooks_own(helm: Helm) -> None:
    roles = [each for each in helm.render() if each["kind"] in ("Role", "ClusterRole")]

    assert {each["metadata"]["name"] for each in roles if not is_hook(each)} == {
        "scheduledtask-operator",
        "scheduledtask-operator-leader",
        "scheduledtask-operator-read-api",
        "scheduledtask-operator-read-api-reach",
        *(f"scheduledtask-{name}" for name in ("view", "edit", "run", "secret-reader")),
    }
    of_hooks = {each["metadata"]["name"]: each["rules"] for each in roles if is_hook(each)}
    named_only = {name: rules[0].get("resourceNames") for name, rules in of_hooks.items()}
    assert named_only == {
        "scheduledtask-redis-password": ["scheduledtask-redis"],
        "scheduledtask-operator-test": ["scheduledtask-operator-test"],
        "scheduledtask-operator-removal": None,
        "scheduledtask-operator-removal-guard": ["scheduledtask-operator"],
    }
    assert of_hooks["scheduledtask-operator-removal"] == role_rules(*REMOVAL)
    assert of_hooks["scheduledtask-operator-removal-guard"] == role_rules(*REMOVAL_IN_OWN_NAMESPACE)


def test_with_watched_namespaces_there_is_a_role_in_each_and_none_for_the_cluster(helm: Helm) -> None:
    objects = helm.render({"watchNamespaces": WATCHED, "rbac": {"roles": False}})

    roles = [each for each in of_kind(objects, "Role") if each["metadata"]["name"] == "scheduledtask-operator"]
    assert [each["metadata"]["namespace"] for each in roles] == WATCHED
    assert all(each["rules"] == role_rules(*EVERYWHERE) for each in roles)
    assert of_kind(objects, "ClusterRole") == of_kind(objects, "ClusterRoleBinding") == []


def test_the_role_of_the_removal_lies_in_each_watched_namespace_too(helm: Helm) -> None:
    objects = helm.render({"watchNamespaces": WATCHED, "rbac": {"roles": False}})

    name = "scheduledtask-operator-removal"
    roles = [each for each in of_kind(objects, "Role") if each["metadata"]["name"] == name]
    assert [each["metadata"]["namespace"] for each in roles] == WATCHED
    assert all(each["rules"] == role_rules(*REMOVAL) for each in roles)
    command = named(objects, "Job", name)["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[3:] == [NAMESPACE, "scheduledtask-operator", *WATCHED]


def test_the_role_of_helm_test_lies_where_its_task_does(helm: Helm) -> None:
    objects = helm.render({"watchNamespaces": WATCHED})

    name = "scheduledtask-operator-test"
    assert named(objects, "Role", name)["metadata"]["namespace"] == "watched-a"
    assert named(objects, "RoleBinding", name)["subjects"][0]["namespace"] == NAMESPACE
    assert named(objects, "Pod", name)["metadata"]["namespace"] == NAMESPACE
    assert named(objects, "Pod", name)["spec"]["containers"][0]["command"][3:5] == ["watched-a", name]


@pytest.fixture(scope="module")
def installed(api: Api, helm: Helm) -> Iterator[Api]:
    """With the chart's accounts and roles applied."""
    with applied(api, accounts_and_roles(helm.render({"crds": {"enabled": False}}, namespace=PLACE)), [PLACE]):
        yield api


@contextmanager
def applied(api: Api, objects: list[Json], namespaces: list[str]) -> Iterator[None]:
    """The objects on the server, and the namespaces that they need."""
    made = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in namespaces]
    for items in (made, objects):
        api.kubectl("apply", "--server-side", "--filename=-", stdin=_as_list(items))
    yield
    for items in (objects, made):
        api.kubectl("delete", "--filename=-", "--wait=false", "--ignore-not-found", stdin=_as_list(items))


def _as_list(objects: list[Json]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def accounts_and_roles(objects: list[Json]) -> list[Json]:
    return [each for each in objects if each["kind"] == "ServiceAccount" or "Role" in each["kind"]]


def test_the_operators_account_may_do_in_its_namespace_what_the_page_says(installed: Api) -> None:
    assert list_rules(installed, ACCOUNT, PLACE) == rules_of(*EVERYWHERE, *IN_OWN_NAMESPACE, *READ_API) | ABOUT_ONESELF


def test_the_operators_account_has_no_lease_elsewhere(installed: Api) -> None:
    assert list_rules(installed, ACCOUNT, "default") == rules_of(*EVERYWHERE, *READ_API) | ABOUT_ONESELF


@pytest.mark.parametrize("account", [f"{PLACE}:scheduledtask-redis", f"{PLACE}:default", "default:stask-worker"])
def test_the_other_accounts_may_do_nothing(installed: Api, account: str) -> None:
    assert list_rules(installed, f"system:serviceaccount:{account}", account.partition(":")[0]) == ABOUT_ONESELF


def test_the_operator_of_named_namespaces_may_do_nothing_elsewhere(api: Api, helm: Helm) -> None:
    """In the release's own namespace it has its Lease."""
    values = {"watchNamespaces": WATCHED, "rbac": {"roles": False}}
    account = "system:serviceaccount:apart:scheduledtask-operator"
    roles = accounts_and_roles(helm.render(values, namespace="apart"))

    with applied(api, roles, ["apart", *WATCHED]):
        assert list_rules(api, account, "watched-b") == rules_of(*EVERYWHERE) | ABOUT_ONESELF
        assert list_rules(api, account, "apart") == rules_of(*IN_OWN_NAMESPACE) | ABOUT_ONESELF
        assert list_rules(api, account, "default") == ABOUT_ONESELF


def test_the_secret_of_the_workers_redis_user_can_be_made(installed: Api) -> None:
    assert apply_secret(installed, "stask-redis") == "secret/stask-redis serverside-applied (server dry run)\n"


def test_no_other_secret_can_be_made_or_read(installed: Api) -> None:
    with pytest.raises(CommandFailedError, match="forbidden"):
        apply_secret(installed, "database-password")
    with pytest.raises(CommandFailedError, match="forbidden"):
        installed.kubectl("get", "secret", "database-password", f"--as={ACCOUNT}")
    with pytest.raises(CommandFailedError, match="forbidden"):
        installed.kubectl("get", "secrets", f"--as={ACCOUNT}")


def apply_secret(api: Api, name: str) -> str:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"}}
    options = ("--server-side", "--dry-run=server", "--filename=-", f"--as={ACCOUNT}")
    return api.kubectl("apply", *options, stdin=json.dumps(secret))


@pytest.mark.parametrize(
    ("role", "permissions"),
    [("scheduledtask-view", VIEW), ("scheduledtask-edit", EDIT), ("scheduledtask-run", RUN)],
)
def test_people_are_given_what_the_page_says(installed: Api, role: str, permissions: tuple[Permission, ...]) -> None:
    binding = f"{role}-of-somebody"
    installed.kubectl("create", "rolebinding", binding, f"--clusterrole={role}", f"--user={role}", "-n=default")

    assert list_rules(installed, role, "default") == rules_of(*permissions) | ABOUT_ONESELF
