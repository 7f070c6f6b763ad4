"""What the body of a heavy task could try from inside its worker, tried there while a run is going on."""

import pytest
from tests.training_run import Training

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105
ASK_API = """
import ssl, urllib.error, urllib.request
context = ssl._create_unverified_context()
try:
    urllib.request.urlopen("https://kubernetes.default.svc/api/v1/namespaces", context=context, timeout=5)
except urllib.error.HTTPError as error:
    print(error.code)
"""
# A body can read its worker's environment: what counts is how little the Redis user in it may do.
ASK_REDIS = """
import os, redis
try:
    print(redis.Redis.from_url(os.environ["SCHEDULEDTASK_REDIS_URL"]).execute_command({command}))
except redis.exceptions.NoPermissionError as error:
    print("refused:", error)
"""


@pytest.fixture
def pod(training: Training) -> str:
    training.ask("breast_cancer", candidates=150)
    return training.busy_pod()


def test_nothing_of_others_is_within_reach_of_a_worker(training: Training, pod: str) -> None:
    def inside(*command: str) -> str:
        return training.kubectl("exec", pod, "--", *command).strip()

    def redis_says(*command: str) -> str:
        return inside("python", "-c", ASK_REDIS.format(command=", ".join(map(repr, command))))

    assert inside("sh", "-c", f"test -e {TOKEN} && echo token || echo none") == "none"
    assert inside("python", "-c", ASK_API) in ("401", "403")
    commands = inside("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "scheduledtask worker" in commands
    assert not any(f"scheduledtask {part}" in commands for part in ("operator", "scheduler", "runners"))
    for command in (
        ("KEYS", "*"),
        ("SCAN", "0"),
        ("ACL", "LIST"),
        ("GET", "scheduledtask:fence"),
        ("HGETALL", "scheduledtask:ns:default:tasks"),
        ("SET", "scheduledtask:epoch", "x"),
        ("FLUSHALL",),
    ):
        assert redis_says(*command).startswith("refused:"), command
