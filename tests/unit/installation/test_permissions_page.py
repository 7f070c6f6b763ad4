"""docs/permissions.md is what the table of rights says, and each right of it is as narrow as it can be."""

from pathlib import Path

import pytest

from scheduledtask_operator.manifests.installation_page import permissions_page
from scheduledtask_operator.manifests.installation_permissions import EVERYWHERE, IN_OWN_NAMESPACE, Permission

ROOT = Path(__file__).resolve().parents[3]


def test_the_committed_permissions_page_is_what_the_table_says() -> None:
    committed = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")

    assert committed == permissions_page(), "run `make chart`"


@pytest.mark.parametrize("permission", [*EVERYWHERE, *IN_OWN_NAMESPACE], ids=lambda each: each.full_resource)
def test_each_right_is_named_and_has_its_reason(permission: Permission) -> None:
    assert "*" not in "".join((permission.group, permission.resource, *permission.verbs))
    assert permission.why


def test_only_one_secret_and_one_service_account_of_a_namespace_can_be_touched() -> None:
    named = {each.resource: each.names for each in EVERYWHERE if each.resource in ("secrets", "serviceaccounts")}

    assert named == {"secrets": ("stask-redis",), "serviceaccounts": ("stask-worker",)}
