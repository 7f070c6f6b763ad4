"""`kubectl scheduledtask`, run as a user does, by accounts of different rights."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.cluster.cluster import Api
from tests.status_values import NOW

from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_operator.control.status_document import status_document

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    output: str
    error: str

    @property
    def document(self) -> Any:
        return json.loads(self.output)


@dataclass(frozen=True, slots=True)
class Plugin:
    """Of a namespace, for whoever `api` is."""

    api: Api
    namespace: str

    def command(self, verb: str, *arguments: str) -> list[str]:
        whom = [f"--kubeconfig={self.api.kubeconfig}", f"--context={self.api.context}"]
        where = [] if {"-A", "-n"} & set(arguments) else [f"--namespace={self.namespace}"]
        return [sys.executable, "-m", "scheduledtask_operator.plugin", verb, *whom, *where, *arguments]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "SCHEDULEDTASK_KUBECTL": self.api.program}

    def __call__(self, verb: str, *arguments: str) -> Answer:
        done = subprocess.run(
            self.command(verb, *arguments),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
            env=self.environment(),
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    def put(self, name: str, status: TaskStatus | None = None, now: datetime = NOW, **spec: Any) -> None:
        """A ScheduledTask, with that status as the operator writes it."""
        whole = {
            "apiVersion": "scheduledtask.dev/v1alpha1",
            "kind": "ScheduledTask",
            "metadata": {"name": name},
            "spec": {"task": "report", **spec},
        }
        self.kubectl("apply", "--filename=-", stdin=json.dumps(whole))
        if status is not None:
            self.set_status("stask", name, status_document(status, {}, now))

    def set_status(self, kind: str, name: str, status: dict[str, Any]) -> None:
        patch = json.dumps({"status": status})
        self.kubectl("patch", kind, name, "--subresource=status", "--type=merge", f"--patch={patch}")

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return self.api.kubectl(f"--namespace={self.namespace}", *arguments, stdin=stdin)

    def spec(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", "stask", name, "--output=json"))["spec"]
        return found


@contextmanager
def plugin_in_new_namespace(api: Api) -> Iterator[Plugin]:
    """As the administrator; what was made in it goes afterwards, as no controller would do it."""
    plugin = Plugin(api, f"plugin-{uuid4().hex[:8]}")
    api.kubectl("create", "namespace", plugin.namespace)
    yield plugin
    plugin.kubectl("delete", "stask,strun", "--all")
    api.kubectl("delete", "namespace", plugin.namespace, "--wait=false")


def as_account(plugin: Plugin, folder: Path, *rules: dict[str, Any]) -> Plugin:
    """As a service account of the namespace, with a Role of these rules there; none: no rights at all."""
    name = f"user-{uuid4().hex[:6]}"
    plugin.kubectl("create", "serviceaccount", name)
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name},
        "rules": list(rules),
    }
    plugin.kubectl("apply", "--filename=-", stdin=json.dumps(role))
    subject = f"--serviceaccount={plugin.namespace}:{name}"
    plugin.kubectl("create", "rolebinding", name, f"--role={name}", subject)
    token = plugin.kubectl("create", "token", name).strip()
    config = json.loads(plugin.api.kubectl("config", "view", "--raw", "--flatten", "--output=json"))
    for each in config["users"]:
        each["user"] = {"token": token}
    kubeconfig = folder / f"{name}.kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    return replace(plugin, api=replace(plugin.api, kubeconfig=kubeconfig))


VIEWER = {
    "apiGroups": ["scheduledtask.dev"],
    "resources": ["scheduledtasks", "scheduledtaskruns"],
    "verbs": ["get", "list", "watch"],
}
RUNNER = {
    "apiGroups": ["scheduledtask.dev"],
    "resources": ["scheduledtaskruns"],
    "verbs": ["create", "delete", "get", "list", "watch"],
}
