"""What the chart's hooks do, with the rights that the chart gives them and no others."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chart.hook_programs import Hook, hooks_of, pod_of
from tests.cluster.cluster import Api
from tests.cluster.helm import Helm, Json
from tests.operator_processes import pod_of_processes, until
from tests.redis_server import RealServer

NAMESPACE = "hooks"
SECRET = "scheduledtask-redis"  # noqa: S105  the name of one


@pytest.fixture(scope="module")
def hooks(api: Api, helm: Helm) -> Iterator[list[Json]]:
    with hooks_of(api, helm, NAMESPACE, {"tests": {"timeoutSeconds": 60}}) as objects:
        yield objects


@pytest.fixture
def password_hook(api: Api, hooks: list[Json], tmp_path: Path) -> Hook:
    return Hook(api, pod_of(hooks, "password"), NAMESPACE, tmp_path)


@pytest.fixture
def trial(api: Api, hooks: list[Json], tmp_path: Path) -> Hook:
    return Hook(api, pod_of(hooks, "test"), NAMESPACE, tmp_path)


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
