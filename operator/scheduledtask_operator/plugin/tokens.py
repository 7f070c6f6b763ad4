"""The bearer token that the read API is shown: the user's own, or a short one of a service account."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.manifests.installation_names import READ_API_AUDIENCE
from scheduledtask_operator.plugin.kubectl import Kubectl

_EXEC_VERSION = "client.authentication.k8s.io/v1"
_NONE = "your kubeconfig has no token to show (a client certificate is none); name a service account: "
_FIX = "--as-service-account NAME, which must be let to `get scheduledtasks/log`"
MINTED_SECONDS = 600  # the least that the API server makes


def token(kubectl: Kubectl, service_account: str) -> str:
    """With a service account, one of it that opens nothing but the read API. Raises CommandProblem."""
    if service_account:
        options = (f"--audience={READ_API_AUDIENCE}", f"--duration={MINTED_SECONDS}s")
        return kubectl.run("create", "token", service_account, *options).strip()
    config = json.loads(kubectl.run("config", "view", "--raw", "--minify", "--flatten", "--output=json"))
    users = config.get("users") or [{}]
    found = token_of(users[0].get("user") or {})
    if not found:
        raise CommandProblem(_NONE + _FIX)
    return found


def token_of(user: dict[str, Any]) -> str:
    """Of a kubeconfig's user: its token, its file's, or what its program says; "" where there is none."""
    if user.get("token"):
        return str(user["token"])
    if user.get("tokenFile"):
        return _of_file(Path(user["tokenFile"]))
    return _of_program(user["exec"]) if user.get("exec") else ""


def _of_file(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise CommandProblem(f"tokenFile of your kubeconfig: {path}: {error.strerror}") from error


def _of_program(wanted: dict[str, Any]) -> str:
    """As kubectl runs it. What it writes to standard error, such as where to log in, is the user's to see."""
    version = str(wanted.get("apiVersion") or _EXEC_VERSION)
    info = json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": True}})
    own = {each["name"]: str(each["value"]) for each in wanted.get("env") or ()}
    environment = {**os.environ, **own, "KUBERNETES_EXEC_INFO": info}
    command = [str(wanted["command"]), *map(str, wanted.get("args") or ())]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=environment)
        said = json.loads(done.stdout or "{}")
    except (OSError, ValueError) as error:
        raise CommandProblem(f"{command[0]} of your kubeconfig gives no token: {error}") from error
    return str((said.get("status") or {}).get("token") or "")
