"""What an account may do, as `kubectl auth can-i --list` says, and as docs/permissions.md does."""

from typing import Any

from tests.cluster.cluster import Api

from scheduledtask_operator.manifests.installation_permissions import Permission

# What Kubernetes lets every account do, beside what is no resource.
ABOUT_ONESELF = {
    ("selfsubjectreviews.authentication.k8s.io", (), frozenset({"create"})),
    ("selfsubjectaccessreviews.authorization.k8s.io", (), frozenset({"create"})),
    ("selfsubjectrulesreviews.authorization.k8s.io", (), frozenset({"create"})),
}

Rule = tuple[str, tuple[str, ...], frozenset[str]]


def list_rules(api: Api, account: str, namespace: str) -> set[Rule]:
    """`kubectl auth can-i --list`, but for the lines that name no resource."""
    options = (f"--as={account}", f"--namespace={namespace}")
    header, *lines = api.kubectl("auth", "can-i", "--list", *options).splitlines()
    starts = [header.index(title) for title in ("Resources", "Non-Resource URLs", "Resource Names", "Verbs")]
    rows = [[line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)] for line in lines]
    return {(row[0], tuple(row[2][1:-1].split()), frozenset(row[3][1:-1].split())) for row in rows if row[0]}


def rules_of(*permissions: Permission) -> set[Rule]:
    return {(each.full_resource, each.names, frozenset(each.verbs)) for each in permissions}


def role_rules(*permissions: Permission) -> list[dict[str, Any]]:
    """As a Role has them."""
    return [
        {
            "apiGroups": [each.group],
            "resources": [each.resource],
            "verbs": list(each.verbs),
            **({"resourceNames": list(each.names)} if each.names else {}),
        }
        for each in permissions
    ]
