"""What kubectl says when it does not do what it is asked, in one line and with what to do."""

import re
from enum import StrEnum

from scheduledtask_operator.cli.problems import EXIT_FAILED, CommandProblem


class Refusal(StrEnum):
    """Why it was refused."""

    NOT_FOUND = "NotFound"
    FORBIDDEN = "Forbidden"
    NO_CLUSTER = "NoCluster"
    NOT_INSTALLED = "NotInstalled"
    OTHER = "Other"


class KubectlRefusal(CommandProblem):
    """kubectl, or the API server behind it, refused; the message is one line."""

    exit_code = EXIT_FAILED

    def __init__(self, message: str, kind: Refusal = Refusal.OTHER) -> None:
        super().__init__(message)
        self.kind = kind


_LOG_LINE = re.compile(r"^[EWI]\d{4} \d\d:\d\d:\d\d")  # of the client library inside kubectl
_FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)"(?: in API group "[^"]*")?'
    r'(?: in the namespace "(?P<namespace>[^"]+)"| at the cluster scope)?'
)
_ROLES = {"get": "scheduledtask-view", "list": "scheduledtask-view", "watch": "scheduledtask-view"}
_RUN_ROLE, _EDIT_ROLE = "scheduledtask-run", "scheduledtask-edit"
_SILENT = (
    "Unable to connect to the server",
    "The connection to the server",
    "connection refused",
    "i/o timeout",
    "no such host",
    "couldn't get current server API group list",
)


def refusal(stderr: str) -> KubectlRefusal:
    """From what kubectl wrote to its standard error."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not _LOG_LINE.match(line)]
    said = next((line for line in lines if line.lower().startswith(("error", "unable", "the connection"))), "")
    said = said or (lines[-1] if lines else "kubectl failed, and said nothing")
    if any(words in said for words in _SILENT):
        return KubectlRefusal(_no_cluster(said), Refusal.NO_CLUSTER)
    if "(Forbidden)" in said or "is forbidden" in said:
        return KubectlRefusal(_forbidden(said), Refusal.FORBIDDEN)
    if "(NotFound)" in said:
        return KubectlRefusal(_bare(said), Refusal.NOT_FOUND)
    if "the server doesn't have a resource type" in said or "no matches for kind" in said:
        fix = "install the chart, or look whether the context is the right one"
        return KubectlRefusal(f"this cluster has no ScheduledTasks; {fix}", Refusal.NOT_INSTALLED)
    return KubectlRefusal(_bare(said))


def _bare(said: str) -> str:
    return re.sub(r"^(error: |Error from server \(\w+\): |Error from server: )", "", said)


def _no_cluster(said: str) -> str:
    what = re.sub(r"^(Unable to connect to the server: |error: )", "", said)
    return f"the API server does not answer: {what.removesuffix(' - did you specify the right host or port?')}"


def _forbidden(said: str) -> str:
    found = _FORBIDDEN.search(said)
    if not found:
        return _bare(said)
    where = f"in namespace {found['namespace']}" if found["namespace"] else "in all namespaces"
    may_not = f"{found['user']} may not {found['verb']} {found['resource']} {where}"
    return f"{may_not}{_role_hint(found['verb'], found['resource'].partition('/')[0])}"


def _role_hint(verb: str, resource: str) -> str:
    if resource not in ("scheduledtasks", "scheduledtaskruns"):
        return ""
    role = _ROLES.get(verb) or (_RUN_ROLE if resource == "scheduledtaskruns" else _EDIT_ROLE)
    return f"; ask for the ClusterRole {role} there"
