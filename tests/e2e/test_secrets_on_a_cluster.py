"""A secret's value, given to a light and to a heavy task, is looked for in all that anybody else can read.

Both fail, with an error that names the value: what is masked is what would otherwise be seen.
"""

import json
import shlex
from typing import Any

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.diagnosis import read_pods
from tests.cluster.installing import Installation
from tests.operator_processes import task

WORD = "hunter2_correct_horse"
DATABASE = f"sqlite:////tmp/{WORD}/not-there.sqlite"
ARGUMENTS = {
    "url": {"secretKeyRef": {"name": "db", "key": "url"}},
    "tables": [{"table": {"secretKeyRef": {"name": "db", "key": "table"}}, "age_column": "at", "max_age": "30d"}],
}
HEAVY = {"class": "Heavy", "worker": {"idleSeconds": 60}}
EVERY_SECONDS = "*/5 * * * * *"
READ_REDIS = """
import os, redis
client = redis.Redis.from_url(os.environ["SCHEDULEDTASK_REDIS_URL"], decode_responses=True, encoding_errors="replace")
readers = {"string": client.get, "hash": client.hgetall, "list": lambda key: client.lrange(key, 0, -1),
           "set": client.smembers, "zset": lambda key: client.zrange(key, 0, -1, withscores=True),
           "stream": client.xrange}
for key in client.scan_iter(count=1000):
    kind = client.type(key)
    if kind != "none":
        print(kind, key, readers[kind](key))
"""
READ_METRICS = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8080/metrics').read().decode())"
OBJECTS = "stask,strun,events,configmaps,deployments,replicasets,pods,serviceaccounts,poddisruptionbudgets"


@pytest.fixture
def place(cluster: Cluster, installation: Installation, namespace: str) -> str:
    """Its Secret names a database that is not there."""
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    values = (f"--from-literal=url={DATABASE}", f"--from-literal=table={WORD}")
    cluster.kubectl("create", "secret", "generic", "db", f"--namespace={namespace}", *values)
    return namespace


def status(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    found = json.loads(cluster.kubectl("get", "stask", name, f"--namespace={namespace}", "--output=json"))
    written: dict[str, Any] = found.get("status") or {}
    return written


def message(cluster: Cluster, namespace: str, name: str, condition: str) -> str:
    conditions = status(cluster, namespace, name).get("conditions", [])
    return next((each["message"] for each in conditions if each["type"] == condition), "")


def everything(cluster: Cluster, installation: Installation, namespace: str) -> dict[str, str]:
    """By place, what stands there."""
    found = {
        f"objects of {each}": cluster.kubectl("get", OBJECTS, f"--namespace={each}", "--output=json")
        for each in (namespace, installation.namespace)
    }
    for each in (namespace, installation.namespace):
        for pod in read_pods(cluster, each):
            name = pod["metadata"]["name"]
            for container in pod["spec"]["containers"]:
                where = (name, f"--container={container['name']}", f"--namespace={each}")
                found[f"log of {name} {container['name']}"] = cluster.kubectl("logs", *where)
    for name in operators(cluster, installation.namespace):
        found[f"metrics of {name}"] = python(cluster, installation.namespace, name, "operator", READ_METRICS)
        found["Redis, every key"] = python(cluster, installation.namespace, name, "scheduler", READ_REDIS)
    grep = f"grep -rla {WORD} /data || true"
    where = ("scheduledtask-redis-0", f"--namespace={installation.namespace}")
    found["Redis, its files"] = cluster.kubectl("exec", *where, "--", "sh", "-c", grep)
    return found


def operators(cluster: Cluster, namespace: str) -> list[str]:
    names = [pod["metadata"]["name"] for pod in read_pods(cluster, namespace)]
    return [name for name in names if name.startswith("scheduledtask-operator-")]


def python(cluster: Cluster, namespace: str, pod: str, container: str, program: str) -> str:
    where = (pod, f"--namespace={namespace}", f"--container={container}")
    return cluster.kubectl("exec", *where, "--", "python", "-c", program)


def test_a_secrets_value_is_found_nowhere(cluster: Cluster, installation: Installation, place: str) -> None:
    spec = {"task": "database-cleanup", "arguments": ARGUMENTS, "schedule": EVERY_SECONDS}
    cluster.kubectl("apply", "--filename=-", stdin=task("light", place, **spec))
    cluster.kubectl("apply", "--filename=-", stdin=task("heavy", place, **spec, **HEAVY))

    def await_message(name: str, condition: str, words: str) -> None:
        wait_until(
            f"{words} in {condition} of {name}",
            lambda: words in message(cluster, place, name, condition),
            timeout_seconds=120,
        )

    await_message("light", "Ready", "kubectl create rolebinding")
    command = message(cluster, place, "light", "Ready").partition("run: ")[2]
    cluster.kubectl(*shlex.split(command)[1:])
    for name in ("light", "heavy"):
        wait_until(
            f"a failure of {name}",
            lambda name=name: bool(status(cluster, place, name).get("lastFailureTime")),
            timeout_seconds=120,
        )
        assert "***" in status(cluster, place, name)["history"][0]["message"]

    found = everything(cluster, installation, place)

    assert "secretKeyRef" in found[f"objects of {place}"]
    assert f"scheduledtask:ns:{place}:" in found["Redis, every key"]
    assert any("***" in text for name, text in found.items() if name.startswith("log of"))
    assert [name for name, text in found.items() if WORD in text] == []
    assert found["Redis, its files"] == ""
