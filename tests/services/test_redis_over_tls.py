"""Every program speaks to Redis over TLS with a private CA, and says so when the CA is another one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.scheduler.rig import Rig
from tests.services.certificates import Certificates
from tests.services.pool_workers import see_light_and_heavy_runs
from tests.services.redis_nodes import Node

from scheduledtask_workloads.contract.environment import REDIS_CA_FILE_VARIABLE


def test_light_and_heavy_runs_go_their_way(
    tls_rig: Rig, tls_server: Node, rig_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEDULEDTASK_BODY_JOURNAL", str(tls_rig.journal))

    see_light_and_heavy_runs(tls_rig, tls_server.endpoint, rig_folder)


def test_the_scheduler_says_that_the_certificate_is_not_accepted_and_goes_on(
    rig_folder: Path, tls_server: Node, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REDIS_CA_FILE_VARIABLE, str(certificates.other_ca))
    with Rig(rig_folder, tls_server.url) as rig:
        control = rig.start_scheduler()
        control.await_true(lambda: control.status().redis_problem)

        problem = control.status().redis_problem
        assert f"the certificate of 127.0.0.1:{tls_server.port} is not accepted" in problem
        assert str(certificates.other_ca) in problem
        assert not control.status().redis_reachable
        assert rig.log.count("Redis needs mending") == 1


def run_worker(url: str, ca_file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scheduledtask_operator.cli", "worker", "--namespace=team", "--pool=big"]
    environment = {**os.environ, "SCHEDULEDTASK_REDIS_URL": url, REDIS_CA_FILE_VARIABLE: str(ca_file)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def test_a_worker_ends_with_one_line_under_a_wrong_ca(tls_server: Node, certificates: Certificates) -> None:
    done = run_worker(tls_server.url, certificates.other_ca)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"error: the certificate of 127.0.0.1:{tls_server.port} is not accepted" in done.stderr
    assert tls_server.password not in done.stderr


def test_a_worker_ends_with_one_line_when_its_ca_file_cannot_be_read(tls_server: Node, tmp_path: Path) -> None:
    done = run_worker(tls_server.url, tmp_path / "absent.crt")

    assert done.returncode == 2
    assert done.stderr == f"error: the CA file {tmp_path / 'absent.crt'} cannot be read: No such file or directory\n"
