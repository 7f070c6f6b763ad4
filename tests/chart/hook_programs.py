"""The programs of the chart's hooks, with the rights that the chart gives them and no others."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.cluster import Api
from tests.cluster.helm import Helm, Json, is_hook

from scheduledtask_operator.manifests.naming import COMPONENT_LABEL


class Hook:
    """The program of a hook's pod, as a process of this machine, with its account's token."""

    def __init__(self, api: Api, spec: Json, namespace: str, folder: Path) -> None:
        self._command = spec["containers"][0]["command"]
        token = api.kubectl("create", "token", spec["serviceAccountName"], f"--namespace={namespace}").strip()
        config = json.loads(api.kubectl("config", "view", "--raw", "--flatten", "--output=json"))
        for user in config["users"]:
            user["user"] = {"token": token}
        self._kubeconfig = folder / "hook.kubeconfig"
        self._kubeconfig.write_text(json.dumps(config))

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`arguments`, if there are any, instead of the chart's."""
        python, *options = self._command
        assert python == "python"
        if arguments:
            options = [*options[:2], *arguments]
        environment = {"KUBECONFIG": str(self._kubeconfig)}
        return subprocess.run(
            [sys.executable, *options], env=environment, capture_output=True, text=True, check=False, timeout=120
        )


@contextmanager
def hooks_of(api: Api, helm: Helm, namespace: str, values: Json) -> Iterator[list[Json]]:
    """Rendered for a namespace that is made; their accounts and roles are on the server."""
    objects = [each for each in helm.render(values, namespace=namespace) if is_hook(each)]
    accounts = [each for each in objects if each["kind"] not in ("Job", "Pod")]
    items = json.dumps({"apiVersion": "v1", "kind": "List", "items": accounts})
    api.kubectl("create", "namespace", namespace)
    api.kubectl("apply", "--filename=-", stdin=items)
    yield objects
    api.kubectl("delete", "--filename=-", "--wait=false", stdin=items)
    api.kubectl("delete", "namespace", namespace, "--wait=false")


def pod_of(objects: list[Json], component: str) -> Json:
    """Its spec, of a hook's Job or of a hook that is a Pod."""
    (found,) = [
        each
        for each in objects
        if each["kind"] in ("Job", "Pod") and each["metadata"]["labels"][COMPONENT_LABEL] == component
    ]
    spec: Json = found["spec"]
    return spec["template"]["spec"] if found["kind"] == "Job" else spec
