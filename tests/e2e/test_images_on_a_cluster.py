"""The images, as the strictest of namespaces lets them run: no root, no writing, no privileges."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from images.engines import Engine
from tests.built_in_tasks import BUILT_IN
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.node_images import NodeImages

PROGRAMS = ("scheduler", "runners", "worker")
WAIT = "--timeout=120s"
CONFINED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
SHARED = [{"name": "sockets", "mountPath": "/run/scheduledtask"}, {"name": "tmp", "mountPath": "/tmp"}]
EXAMPLE = Path(__file__).parents[2] / "examples" / "own-task"
USERS_DOCKERFILE = """\
ARG BASE=python:3.13-slim
FROM ${BASE} AS pip
RUN python3 -m venv /pip
FROM localhost/scheduledtask-worker:e2e
USER root
COPY . /source
RUN --mount=type=bind,from=pip,source=/pip,target=/pip \\
    /pip/bin/python -m pip --python /opt/scheduledtask install --quiet /source && rm -rf /source
USER 65532:65532
"""


@pytest.fixture
def restricted(cluster: Cluster, namespace: str) -> str:
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    return namespace


def container(name: str, image: str, **fields: Any) -> dict[str, Any]:
    confined = {"imagePullPolicy": "Never", "securityContext": CONFINED, "volumeMounts": SHARED}
    return {"name": name, "image": image, **confined, **fields}


def create(cluster: Cluster, namespace: str, name: str, *containers: dict[str, Any]) -> None:
    volumes = [{"name": mount["name"], "emptyDir": {}} for mount in SHARED]
    spec = {"containers": containers, "volumes": volumes, "restartPolicy": "Never", "enableServiceLinks": False}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    cluster.kubectl("create", f"--namespace={namespace}", "--filename=-", stdin=json.dumps(pod))


def run_script(cluster: Cluster, namespace: str, image: str, script: str) -> str:
    """What the script wrote, in a pod of the image."""
    create(cluster, namespace, "script", container("main", image, command=["sh", "-c", script]))
    wait_until("the script's end", lambda: phase(cluster, namespace) in ("Succeeded", "Failed"), timeout_seconds=120)
    written = cluster.kubectl("logs", "script", f"--namespace={namespace}")
    assert phase(cluster, namespace) == "Succeeded", written
    return written


def phase(cluster: Cluster, namespace: str) -> str:
    return cluster.kubectl("get", "pod", "script", f"--namespace={namespace}", "--output=jsonpath={.status.phase}")


@pytest.mark.parametrize("target", ["scheduler", "runners", "worker", "worker-ml"])
def test_an_image_has_its_programs_and_nothing_to_build_with(
    cluster: Cluster, restricted: str, part: Callable[[str], str], target: str
) -> None:
    script = "\n".join(
        [
            "id -u",
            "for tool in gcc cc c++ make pip pip3; do command -v $tool && echo found; done",
            "python -m pip --version 2>&1 | grep -o 'No module named pip'",
            "touch /opt/scheduledtask/x 2>&1 | grep -o 'Read-only file system'",
            *(f"scheduledtask {program} --help | head -1" for program in PROGRAMS),
            "python -m scheduledtask_workloads.catalog",
        ]
    )

    *lines, catalog = run_script(cluster, restricted, part(target), script).splitlines()

    usages = [f"Usage: scheduledtask {program} [OPTIONS]" for program in PROGRAMS]
    assert lines == ["65532", "No module named pip", "Read-only file system", *usages]
    names = {task["name"] for task in json.loads(catalog)["tasks"]}
    assert names == set(BUILT_IN)


def test_the_operators_image_has_nothing_of_the_workloads_libraries(
    cluster: Cluster, restricted: str, part: Callable[[str], str]
) -> None:
    absent = ("celery", "redis", "sqlalchemy", "sklearn", "apscheduler")
    script = "\n".join(
        [
            "id -u",
            "for tool in gcc cc c++ make pip pip3; do command -v $tool && echo found; done",
            "touch /opt/scheduledtask/x 2>&1 | grep -o 'Read-only file system'",
            *(f"python -c 'import {library}' 2>&1 | grep -o 'No module named .*'" for library in absent),
            "scheduledtask operator --help | head -1",
            "scheduledtask crds | grep -c '^kind: CustomResourceDefinition'",
        ]
    )

    lines = run_script(cluster, restricted, part("operator"), script).splitlines()

    missing = [f"No module named '{library}'" for library in absent]
    usage = "Usage: scheduledtask operator [OPTIONS]"
    assert lines == ["65532", "Read-only file system", *missing, usage, "2"]


def test_each_image_can_load_the_libraries_of_the_tasks_it_runs(
    cluster: Cluster, restricted: str, part: Callable[[str], str]
) -> None:
    script = "python -c 'import sqlalchemy, sklearn.neural_network; print(sqlalchemy.__name__)'"

    assert run_script(cluster, restricted, part("worker-ml"), script) == "sqlalchemy\n"


def test_an_image_says_what_is_in_it(engine: Engine, part: Callable[[str], str]) -> None:
    contents = json.loads(engine.read(part("runners"), "/opt/scheduledtask/sbom.cdx.json"))

    assert contents["bomFormat"] == "CycloneDX"
    locked = (Path(__file__).parents[2] / "requirements" / "runners.txt").read_text()
    versions = dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", locked, re.MULTILINE))
    found = {each["name"].lower().replace("_", "-"): each["version"] for each in contents["components"]}
    assert found.pop("scheduledtask")
    assert found.items() <= versions.items()
    assert {"sqlalchemy", "celery", "apscheduler"} <= found.keys()


def test_a_users_image_has_their_tasks_beside_ours(
    cluster: Cluster,
    restricted: str,
    part: Callable[[str], str],
    images: NodeImages,
    tmp_path: Path,
) -> None:
    part("worker")
    for name in ("own_task.py", "pyproject.toml"):
        (tmp_path / name).write_bytes((EXAMPLE / name).read_bytes())
    (tmp_path / "Dockerfile").write_text(USERS_DOCKERFILE)
    # Debian 12's buildah mounts a stage that was cached as if nothing had been run in it.
    images.engine.build("localhost/scheduledtask-users:e2e", tmp_path, "--no-cache", *images.base_options())
    images.load("localhost/scheduledtask-users:e2e")

    catalog = run_script(
        cluster, restricted, "localhost/scheduledtask-users:e2e", "id -u; python -m scheduledtask_workloads.catalog"
    ).splitlines()

    assert catalog[0] == "65532"
    assert {task["name"] for task in json.loads(catalog[1])["tasks"]} >= {"free-space", "model-training"}


def test_the_programs_run_side_by_side_and_end_well_on_sigterm(
    cluster: Cluster, restricted: str, part: Callable[[str], str], images: NodeImages
) -> None:
    url = "redis://127.0.0.1:6379/0"
    redis = container("redis", images.redis(), command=["valkey-server", "--save", "", "--dir", "/tmp"])
    beats = {"exec": {"command": ["sh", "-c", "test -e /tmp/beat"]}, "periodSeconds": 1}
    control, light = "/run/scheduledtask/control.sock", "/run/scheduledtask/runners.sock"
    connected = ["sh", "-c", f"test -S {control} && test -S {light}"]
    programs = [
        container("runners", part("runners"), args=["runners", f"--socket={light}"]),
        container(
            "scheduler",
            part("scheduler"),
            args=[
                "scheduler",
                f"--control-socket={control}",
                f"--runners-socket={light}",
                f"--redis-url={url}",
            ],
            readinessProbe={"exec": {"command": connected}, "periodSeconds": 1},
        ),
        container(
            "worker",
            part("worker"),
            args=["worker", f"--namespace={restricted}", "--pool=big", "--heartbeat-file=/tmp/beat"],
            env=[{"name": "SCHEDULEDTASK_REDIS_URL", "value": url}],
            readinessProbe=beats,
        ),
    ]

    create(cluster, restricted, "parts", redis, *programs)
    cluster.kubectl("wait", "pod/parts", "--for=condition=Ready", f"--namespace={restricted}", WAIT)
    for program in ("worker", "scheduler", "runners"):
        terminate(cluster, restricted, program)
        assert await_exit_code(cluster, restricted, program) == "0", program


def terminate(cluster: Cluster, namespace: str, name: str) -> None:
    """SIGTERM to the container's first process, as the kubelet sends it."""
    cluster.kubectl(
        "exec", "parts", f"--namespace={namespace}", f"--container={name}", "--", "sh", "-c", "kill -TERM 1"
    )


def await_exit_code(cluster: Cluster, namespace: str, name: str) -> str:
    wait_until(f"{name} to end", lambda: exit_code(cluster, namespace, name) != "", timeout_seconds=60)
    return exit_code(cluster, namespace, name)


def exit_code(cluster: Cluster, namespace: str, name: str) -> str:
    ended = f'--output=jsonpath={{.status.containerStatuses[?(@.name=="{name}")].state.terminated.exitCode}}'
    return cluster.kubectl("get", "pod", "parts", f"--namespace={namespace}", ended)
