"""An account with the operator's rights in one namespace alone, beside its Lease."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.cluster.cluster import Api
from tests.cluster.permissions import role_rules

from scheduledtask_operator.manifests.installation_permissions import EVERYWHERE, IN_OWN_NAMESPACE

OWN_NAMESPACE = "default"


@contextmanager
def limited_to(api: Api, namespace: str, folder: Path) -> Iterator[Api]:
    """The API server for such an account, which is named after the namespace; that is made, and goes afterwards."""
    user = f"of-{namespace}"
    api.kubectl("create", "namespace", namespace)
    api.kubectl("create", "serviceaccount", user, f"--namespace={OWN_NAMESPACE}")
    for place, permissions in ((namespace, EVERYWHERE), (OWN_NAMESPACE, IN_OWN_NAMESPACE)):
        role = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": user, "namespace": place},
            "rules": role_rules(*permissions),
        }
        api.kubectl("apply", "--filename=-", stdin=json.dumps(role))
        subject = f"--serviceaccount={OWN_NAMESPACE}:{user}"
        api.kubectl("create", "rolebinding", user, f"--namespace={place}", f"--role={user}", subject)
    yield replace(api, kubeconfig=_kubeconfig(api, user, folder))
    api.kubectl("delete", "namespace", namespace, "--wait=false")
    for plural in ("scheduledtaskruns", "scheduledtasks"):
        api.kubectl("delete", f"--raw=/apis/scheduledtask.dev/v1alpha1/namespaces/{namespace}/{plural}")
    api.kubectl("delete", "serviceaccount,role,rolebinding", user, f"--namespace={OWN_NAMESPACE}")


def _kubeconfig(api: Api, user: str, folder: Path) -> Path:
    token = api.kubectl("create", "token", user, f"--namespace={OWN_NAMESPACE}").strip()
    config = json.loads(api.kubectl("config", "view", "--raw", "--flatten", "--output=json"))
    for each in config["users"]:
        each["user"] = {"token": token}
    kubeconfig = folder / "limited.kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    return kubeconfig
