"""What the body of a heavy task could try from inside its worker, tried there while a run is going on."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.installing import Installation
from tests.e2e.api_tries import ASK_API, TOKEN
from tests.e2e.redis_tries import COMMAND, Tries, answers_of, refused, tries_at, tries_input
from tests.operator_processes import task
from tests.training_run import Training


@pytest.fixture(scope="module")
def training(cluster: Cluster, installation: Installation, namespace_of_file: str) -> Training:
    """One run, of a minute or more, for all tries."""
    training = Training(cluster, namespace_of_file)
    training.ask("digits", candidates=200)
    return training


@pytest.fixture(scope="module")
def pod(training: Training) -> str:
    return training.busy_pod()


@pytest.fixture
def neighbour(cluster: Cluster) -> Iterator[str]:
    """Another namespace, whose task is admitted every other second: successes are told within half a minute only."""
    name = f"e2e-neighbour-{uuid4().hex[:6]}"
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("apply", "--filename=-", stdin=task("check", name, schedule="*/2 * * * * *"))
    cluster.kubectl("wait", "stask/check", "--for=condition=Ready", f"--namespace={name}", "--timeout=60s")
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def test_nothing_of_kubernetes_or_of_the_operator_is_within_reach_of_a_worker(training: Training, pod: str) -> None:
    def inside(*command: str) -> str:
        return training.kubectl("exec", pod, "--", *command).strip()

    assert inside("sh", "-c", f"test -e {TOKEN} && echo token || echo none") == "none"
    assert inside("python", "-c", ASK_API) in ("401", "403")
    commands = inside("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "scheduledtask worker" in commands
    assert not any(f"scheduledtask {part}" in commands for part in ("operator", "scheduler", "runners"))


def test_nothing_of_another_namespace_in_redis_is_within_reach_of_a_worker(
    cluster: Cluster, training: Training, pod: str, neighbour: str
) -> None:
    def redis_says(tries: Tries) -> dict[str, str]:
        return answers_of(training.kubectl("exec", "--stdin", pod, "--", *COMMAND, stdin=tries_input(tries)))

    mine, theirs = (f"scheduledtask:ns:{name}" for name in (training.namespace, neighbour))
    hash_key = f"{theirs}:tasks"

    answers = redis_says(tries_at(mine, theirs, hash_key))

    assert {name: answer for name, answer in answers.items() if not refused(answer)} == {}
    assert redis_says({"own": [["SET", f"{mine}:tried", "x", "EX", "60"], ["GET", f"{mine}:tried"]]}) == {"own": "b'x'"}
    assert training.kubectl("get", "strun", "now", "--output=jsonpath={.status.state}") in ("Started", "Ended")
