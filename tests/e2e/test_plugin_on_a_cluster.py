"""`kubectl scheduledtask` as a user of a real cluster has it: found by kubectl itself, and logs by a port-forward."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.installing import Installation
from tests.plugin_program import Answer

RUN_SECONDS = 180.0


@pytest.fixture
def plugin(cluster: Cluster, installation: Installation, namespace: str, tmp_path: Path) -> Callable[..., Answer]:
    """`kubectl scheduledtask`, by a program of that name on PATH."""
    program = tmp_path / "kubectl-scheduledtask"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m scheduledtask_operator.plugin "$@"\n')
    program.chmod(0o755)
    kubectl = cluster.api.program
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{Path(kubectl).parent}:{os.environ['PATH']}",
        "SCHEDULEDTASK_KUBECTL": kubectl,
    }

    def call(verb: str, *arguments: str) -> Answer:
        whom = [f"--kubeconfig={cluster.kubeconfig}", f"--context={cluster.context}", f"--namespace={namespace}"]
        command = [kubectl, "scheduledtask", verb, *whom, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=RUN_SECONDS, env=environment
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    return call


HEALTH = """
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {name: health}
spec: {schedule: "* * * * *", task: system-health}
"""


def test_a_light_task_from_list_to_logs(cluster: Cluster, namespace: str, plugin: Callable[..., Answer]) -> None:
    cluster.api.kubectl("apply", f"--namespace={namespace}", "--filename=-", stdin=HEALTH)
    cluster.api.kubectl("wait", f"--namespace={namespace}", "stask/health", "--for=condition=Ready", "--timeout=60s")

    ran = plugin("run", "health", "--wait", "--run-name", "first")
    assert ran.code == 0, ran.error
    assert plugin("list", "-o", "name").output == "scheduledtask.scheduledtask.dev/health\n"
    assert "is Light" in plugin("explain", "health").output
    wait_until("its history", lambda: "first" in plugin("history", "health", "-o", "wide").output, timeout_seconds=60)
    assert "light slots" in plugin("forecast").output

    kubectl = cluster.api.kubectl
    kubectl("create", "serviceaccount", "reader", f"--namespace={namespace}")
    role = ("--verb=get", "--resource=scheduledtasks.scheduledtask.dev/log", f"--namespace={namespace}")
    kubectl("create", "role", "reader", *role)
    subject = f"--serviceaccount={namespace}:reader"
    kubectl("create", "rolebinding", "reader", "--role=reader", subject, f"--namespace={namespace}")
    logs = plugin("logs", "health", "first", "--as-service-account", "reader")
    assert logs.code == 0, logs.error

    assert plugin("suspend", "health").output == "health suspended\n"
    assert "Suspended: it is suspended" in plugin("explain", "health").output
    assert plugin("resume", "health").code == 0


def test_doctor_finds_a_sound_installation_sound(plugin: Callable[..., Answer]) -> None:
    answer = plugin("doctor", "-o", "json")

    assert answer.code == 0, answer.output
    verdicts = {check["name"]: check["verdict"] for check in answer.document}
    sound = ("CRDs", "Operator", "Leader", "Redis", "Versions")
    assert {name: verdicts[name] for name in sound} == dict.fromkeys(sound, "ok")
