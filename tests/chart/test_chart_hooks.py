"""What the chart's hooks do, with the rights that the chart gives them and no others."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.cluster import Api
from tests.cluster.helm import Helm, Json, is_hook
from tests.operator_processes import pod_of_processes, until
from tests.redis_server import RealServer

NAMESPACE = "hooks"
SECRET = "scheduledtask-redis"  # noqa: S105  the name of one


@pytest.fixture(scope="module")
def hooks(api: Api, helm: Helm) -> Iterator[list[Json]]:
    """Rendered; their accounts and roles are on the server."""
    objects = [each for each in helm.render({"tests": {"timeoutSeconds": 60}}, namespace=NAMESPACE) if is_hook(each)]
    accounts = [each for each in objects if each["kind"] not in ("Job", "Pod")]
    api.kubectl("create", "namespace", NAMESPACE)
    api.kubectl("apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": accounts}))
    yield objects
    api.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture
def password_hook(api: Api, hooks: list[Json], tmp_path: Path) -> "Hook":
    (job,) = [each for each in hooks if each["kind"] == "Job"]
    return Hook(api, job["spec"]["template"]["spec"], tmp_path)


@pytest.fixture
def trial(api: Api, hooks: list[Json], tmp_path: Path) -> "Hook":
    (pod,) = [each for each in hooks if each["kind"] == "Pod"]
    return Hook(api, pod["spec"], tmp_path)


class Hook:
    """The program of a hook's pod, as a process of this machine, with its account's token."""

    def __init__(self, api: Api, spec: Json, folder: Path) -> None:
        self._command = spec["containers"][0]["command"]
        token = api.kubectl("create", "token", spec["serviceAccountName"], f"--namespace={NAMESPACE}").strip()
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


def password(api: Api) -> str:
    path = "--output=jsonpath={.data.password}"
    return base64.b64decode(api.kubectl("get", "secret", SECRET, f"--namespace={NAMESPACE}", path)).decode()


def test_the_password_is_made_once(api: Api, password_hook: Hook) -> None:
    first = password_hook.run()
    made = password(api)
    second = password_hook.run()

    assert first.stdout == f"Secret {SECRET}: made\n", first.stderr
    assert second.stdout == f"Secret {SECRET}: is there already, and left alone\n", second.stderr
    assert password(api) == made
    assert len(made) == 64
    assert made.isalnum()


def test_a_secret_without_a_password_is_named(api: Api, password_hook: Hook) -> None:
    api.kubectl("delete", "secret", SECRET, f"--namespace={NAMESPACE}", "--ignore-not-found")
    api.kubectl("create", "secret", "generic", SECRET, f"--namespace={NAMESPACE}", "--from-literal=pass=x")

    done = password_hook.run()

    assert done.returncode == 1
    assert done.stderr == f"Secret {SECRET} of namespace {NAMESPACE} has no key 'password': add it, or delete it\n"


def test_it_can_make_no_other_secret(password_hook: Hook) -> None:
    done = password_hook.run(NAMESPACE, "another")

    assert done.returncode == 1
    assert "403 Forbidden" in done.stderr


def test_the_trial_sees_its_task_run(api: Api, trial: Hook, redis_server: RealServer, tmp_path: Path) -> None:
    with pod_of_processes(api, tmp_path, redis_server.url) as pod:
        until("the operator is ready", lambda: pod.get("/readyz")[0] == 200)

        done = trial.run()

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"ScheduledTask scheduledtask-operator-test of namespace {NAMESPACE} ran")
    assert "scheduledtask-operator-test" not in api.kubectl("get", "stask", f"--namespace={NAMESPACE}", "--output=name")


def test_a_trial_without_an_operator_says_so_and_leaves_nothing(api: Api, trial: Hook) -> None:
    done = trial.run(NAMESPACE, "scheduledtask-operator-test", "2")

    assert done.returncode == 1
    assert "no run succeeded within 2 s; no operator has written a status" in done.stderr
    assert api.kubectl("get", "stask", f"--namespace={NAMESPACE}", "--output=name") == ""
