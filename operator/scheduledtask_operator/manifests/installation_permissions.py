"""Who may do what: the operator's rights, each with its reason, and the roles that people are given."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scheduledtask_operator.api.resource import GROUP
from scheduledtask_operator.manifests.installation_names import NAME, PART_LABELS
from scheduledtask_operator.manifests.naming import CATALOGS_CONFIG_MAP, REDIS_SECRET, WORKER_SERVICE_ACCOUNT

Manifest = dict[str, Any]

_RBAC = "rbac.authorization.k8s.io"
READ = ("get", "list", "watch")


@dataclass(frozen=True, slots=True)
class Permission:
    """One rule: `verbs` on `resource` of `group` (empty: the core one). Given `names`: only on objects of that name."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    why: str
    names: tuple[str, ...] = ()

    @property
    def full_resource(self) -> str:
        """As `kubectl auth can-i --list` writes it: RESOURCE.GROUP/SUBRESOURCE."""
        resource, slash, subresource = self.resource.partition("/")
        return f"{resource}.{self.group}{slash}{subresource}" if self.group else self.resource

    def rule(self) -> Manifest:
        rule = {"apiGroups": [self.group], "resources": [self.resource], "verbs": list(self.verbs)}
        return {**rule, "resourceNames": list(self.names)} if self.names else rule


EVERYWHERE = (
    Permission(GROUP, "scheduledtasks", READ, "What is to run."),
    Permission(GROUP, "scheduledtasks/status", ("patch",), "What became of it."),
    Permission(
        GROUP,
        "scheduledtaskruns",
        (*READ, "patch", "delete"),
        "Requests for one run: made to go with their ScheduledTask, and deleted after their time to live.",
    ),
    Permission(GROUP, "scheduledtaskruns/status", ("patch",), "The outcome of such a run."),
    Permission("", "events", ("create", "patch"), "Transitions and failures, for `kubectl describe`."),
    Permission("", "namespaces", READ, "Runs of a namespace that is being deleted are cancelled."),
    Permission(
        "apps", "deployments", (*READ, "create", "patch", "delete"), "The workers of a pool, in its own namespace."
    ),
    Permission("apps", "deployments/scale", ("get", "patch"), "How many of them."),
    Permission(
        "policy",
        "poddisruptionbudgets",
        (*READ, "create", "patch", "delete"),
        "An eviction of a busy worker is refused until its run ends.",
    ),
    Permission(
        "",
        "pods",
        (*READ, "create", "patch", "delete"),
        "Which workers are ready and why others are not; marks who is busy and who goes first; one short pod reads"
        " the catalog of an image.",
    ),
    Permission("", "pods/log", ("get",), "The catalog that such a pod prints."),
    Permission(
        "",
        "configmaps",
        ("get", "create", "patch"),
        "The catalogs of a namespace's images, kept for a restart.",
        (CATALOGS_CONFIG_MAP,),
    ),
    Permission(
        "",
        "serviceaccounts",
        ("get", "create", "patch"),
        "That of the workers, which has no rights.",
        (WORKER_SERVICE_ACCOUNT,),
    ),
    Permission(
        "",
        "secrets",
        ("get", "create", "patch"),
        "The Redis user of a namespace's workers. No other Secret can be read, or made.",
        (REDIS_SECRET,),
    ),
)
IN_OWN_NAMESPACE = (
    Permission("coordination.k8s.io", "leases", ("create",), "The election of the leader, the first time."),
    Permission("coordination.k8s.io", "leases", ("get", "update"), "The election of the leader.", (NAME,)),
)
_RESOURCES = ("scheduledtasks", "scheduledtaskruns")
VIEW = tuple(Permission(GROUP, resource, READ, "") for resource in _RESOURCES)
EDIT = tuple(
    Permission(GROUP, resource, ("create", "update", "patch", "delete", "deletecollection"), "")
    for resource in _RESOURCES
)
RUN = (Permission(GROUP, "scheduledtaskruns", ("create", "delete", *READ), ""),)


def role_objects(namespace: str) -> tuple[Manifest, ...]:
    """The operator's roles and their bindings, and the roles for people."""
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": namespace}
    return (
        _role("ClusterRole", NAME, EVERYWHERE),
        _binding("ClusterRole", NAME, subject),
        _role("Role", NAME, IN_OWN_NAMESPACE, namespace),
        _binding("Role", NAME, subject, namespace),
        *_roles_for_people(),
    )


def _roles_for_people() -> Iterator[Manifest]:
    """Kubernetes adds the first two to its own view, edit and admin."""
    yield _role("ClusterRole", "scheduledtask-view", VIEW, labels={f"{_RBAC}/aggregate-to-view": "true"})
    yield _role("ClusterRole", "scheduledtask-edit", EDIT, labels={f"{_RBAC}/aggregate-to-edit": "true"})
    yield _role("ClusterRole", "scheduledtask-run", RUN)


def _role(
    kind: str,
    name: str,
    permissions: tuple[Permission, ...],
    namespace: str | None = None,
    labels: dict[str, str] | None = None,
) -> Manifest:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": kind,
        "metadata": _metadata(name, namespace, labels),
        "rules": [permission.rule() for permission in permissions],
    }


def _binding(role_kind: str, name: str, subject: dict[str, str], namespace: str | None = None) -> Manifest:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": f"{role_kind}Binding",
        "metadata": _metadata(name, namespace, None),
        "roleRef": {"apiGroup": _RBAC, "kind": role_kind, "name": name},
        "subjects": [dict(subject)],
    }


def _metadata(name: str, namespace: str | None, labels: dict[str, str] | None) -> Manifest:
    place = {"namespace": namespace} if namespace else {}
    return {"name": name, **place, "labels": {**PART_LABELS, **(labels or {})}}
