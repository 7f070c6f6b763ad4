"""Who may do what: the operator's rights, each with its reason, and the roles that people are given.

docs/permissions.md is made from it; the chart's roles, which are written to be read, are held to it by a test.
"""

from dataclasses import dataclass

from scheduledtask_operator.api.resource import GROUP
from scheduledtask_operator.manifests.installation_names import NAME
from scheduledtask_operator.manifests.naming import CATALOGS_CONFIG_MAP, REDIS_SECRET, WORKER_SERVICE_ACCOUNT

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


EVERYWHERE = (
    Permission(GROUP, "scheduledtasks", READ, "What is to run."),
    Permission(GROUP, "scheduledtasks/status", ("patch",), "What became of it."),
    Permission(
        GROUP,
        "scheduledtaskruns",
        (*READ, "create", "patch", "delete"),
        "Requests for one run: made for triggers, made to go with their ScheduledTask, and deleted after their time.",
    ),
    Permission(GROUP, "scheduledtaskruns/status", ("patch",), "The outcome of such a run."),
    Permission("", "events", ("create", "patch"), "Transitions and failures, for `kubectl describe`."),
    Permission(
        "", "namespaces", READ, "Runs of one that is being deleted are cancelled; an annotation pauses all its tasks."
    ),
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
        "The Redis user of a namespace's workers. No other can be made, or read unless the namespace binds it.",
        (REDIS_SECRET,),
    ),
)
IN_OWN_NAMESPACE = (
    Permission("coordination.k8s.io", "leases", ("create",), "The election of the leader, the first time."),
    Permission("coordination.k8s.io", "leases", ("get", "update"), "The election of the leader.", (NAME,)),
)
# Where `readApi.enabled`, and not where watchNamespaces names some: these rights are none of a namespace's.
READ_API = (
    Permission("authentication.k8s.io", "tokenreviews", ("create",), "Whose token the read API is shown."),
    Permission(
        "authorization.k8s.io",
        "subjectaccessreviews",
        ("create",),
        "Whether they may `get scheduledtasks/log` in the namespace that they ask about.",
    ),
)
READ_API_REACH = (
    Permission("coordination.k8s.io", "leases", ("get",), "", (NAME,)),
    Permission("", "pods", ("get",), ""),
    Permission("", "pods/portforward", ("create",), ""),
)
# Of the Job that the chart runs when the operator has been uninstalled.
REMOVAL = (
    Permission("apps", "deployments", ("list", "delete"), "The workers' Deployments go."),
    Permission("apps", "replicasets", ("list", "delete"), "What made the pods, so that nobody makes them anew."),
    Permission("", "pods", ("list", "delete"), "Workers that are at a run have 30 s, not as long as the run may take."),
)
REMOVAL_IN_OWN_NAMESPACE = (
    Permission("apps", "deployments", ("get",), "Nothing is removed while the operator is there.", (NAME,)),
)
_RESOURCES = ("scheduledtasks", "scheduledtaskruns")
VIEW = (
    *(Permission(GROUP, resource, READ, "") for resource in _RESOURCES),
    Permission(GROUP, "scheduledtasks/log", ("get",), ""),
)
EDIT = tuple(
    Permission(GROUP, resource, ("create", "update", "patch", "delete", "deletecollection"), "")
    for resource in _RESOURCES
)
RUN = (Permission(GROUP, "scheduledtaskruns", ("create", "delete", *READ), ""),)
# Bound by nobody's installation: a namespace that gives its Secrets to light tasks makes the RoleBinding itself.
SECRET_READER_ROLE = "scheduledtask-secret-reader"  # noqa: S105
SECRET_READER = (Permission("", "secrets", ("get",), ""),)
