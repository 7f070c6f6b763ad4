"""A body gets what its references stand for, and nothing that it says of it comes out."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.broker.message import encode_order
from scheduledtask_workloads.catalog import task
from scheduledtask_workloads.contract import AttemptReport, Reason, RunState, TaskClass
from scheduledtask_workloads.contract.secrets import SecretReference, SecretValue
from scheduledtask_workloads.execution import execute

PASSWORD = "correct horse\nbattery staple"  # noqa: S105
ARGUMENTS = {"targets": [{"password": {"secretKeyRef": {"name": "db", "key": "password"}}}]}
VALUE = SecretValue(name="db", key="password", value=PASSWORD)
VARIABLE = SecretReference("db", "password").variable


@task("tells", light=True)
def tells(targets: list[dict[str, str]], fail: bool = False) -> dict[str, object]:
    """All it knows."""
    password = targets[0]["password"]
    print("print:", password, repr(password))
    sys.stdout.write(password[:10])
    sys.stdout.flush()
    sys.stdout.write(password[10:] + "\n")
    subprocess.run(["/usr/bin/printf", "%s", f"child: {password}\n"], check=True)
    subprocess.run(["/usr/bin/env"], check=True)
    if fail:
        raise ValueError(f"no login with {password}")
    return {"password": password, password: [password], "length": len(password), "inherited": VARIABLE in os.environ}


@task("counts", light=True)
def counts(port: int) -> int:
    return port


def perform(tmp_path: Path, order) -> AttemptReport:
    return execute(order, output=tmp_path / "output", catalog=catalog_of(tells, counts))


@pytest.mark.parametrize("fail", [False, True])
def test_a_light_body_is_given_the_value_and_shows_none_of_it(tmp_path: Path, fail: bool) -> None:
    report = perform(tmp_path, order_for("tells", {**ARGUMENTS, "fail": fail}, secrets=(VALUE,)))

    assert report.state is (RunState.FAILED if fail else RunState.SUCCEEDED)
    assert_nothing_shows(report)
    if fail:
        assert report.message == "ValueError: no login with ***"
    else:
        assert report.result == {"password": "***", "***": ["***"], "length": len(PASSWORD), "inherited": False}
        assert report.output.startswith("print: *** '***'\n***\nchild: ***\n")


def test_a_heavy_body_has_it_from_its_worker_and_inherits_no_variable(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    monkeypatch.setenv(SecretReference("other", "token").variable, "of another task")

    report = perform(tmp_path, order_for("tells", ARGUMENTS).model_copy(update={"task_class": TaskClass.HEAVY}))

    assert report.result["inherited"] is False
    assert_nothing_shows(report)
    assert "SCHEDULEDTASK_SECRET" not in report.output
    assert os.environ[VARIABLE] == PASSWORD


@pytest.mark.parametrize("task_class", list(TaskClass))
def test_a_value_that_is_missing_fails_the_run_with_its_name(tmp_path: Path, task_class: TaskClass) -> None:
    report = perform(tmp_path, order_for("tells", ARGUMENTS).model_copy(update={"task_class": task_class}))

    assert (report.state, report.reason, report.started_at) == (RunState.FAILED, Reason.BAD_ARGUMENTS, None)
    assert report.message.startswith("key password of Secret db: has no value here; ")


def test_a_value_of_another_kind_fails_the_run_and_is_not_shown(tmp_path: Path) -> None:
    port = SecretValue(name="db", key="port", value="hunter2")

    report = perform(
        tmp_path, order_for("counts", {"port": {"secretKeyRef": {"name": "db", "key": "port"}}}, secrets=(port,))
    )

    assert report.reason is Reason.BAD_ARGUMENTS
    assert report.message.startswith("arguments.port: '***': Input should be a valid integer")


def test_a_message_for_a_worker_has_the_reference_alone() -> None:
    message = encode_order(order_for("tells", ARGUMENTS, secrets=(VALUE,)), "pool", 0.0)

    body = base64.b64decode(json.loads(message)["body"]).decode()
    assert "secretKeyRef" in body
    assert "correct horse" not in message + body


def assert_nothing_shows(report: AttemptReport) -> None:
    text = report.model_dump_json()
    assert not [word for word in ("correct", "battery", "of another task") if word in text]
