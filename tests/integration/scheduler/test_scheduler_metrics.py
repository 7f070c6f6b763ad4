"""The scheduler's own endpoint, asked as Prometheus asks it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.scheduler.rig import Rig, light_job
from tests.metrics_page import SCHEDULER, described, exposed
from tests.redis_server import running_server


def port_of(rig: Rig) -> int:
    lines = [json.loads(line) for line in rig.log.splitlines()]
    return next((line["metrics_port"] for line in lines if "metrics_port" in line), 0)


def scraped(port: int) -> list[Metric]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return list(text_string_to_metric_families(answer.read().decode()))


def scrape(port: int) -> dict[str, float]:
    """Each series, as Prometheus writes it, and its value."""
    return {
        sample.name + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in scraped(port)
        for sample in family.samples
    }


def test_it_tells_of_its_grant_its_slots_and_redis(tmp_path: Path) -> None:
    with running_server(tmp_path / "redis") as server, Rig(tmp_path, server.url) as rig:
        rig.start_runners(processes=2)
        control = rig.start_scheduler("--metrics-port=0")
        control.await_true(lambda: control.status().runners_connected)
        before = scrape(port_of(rig))
        control.hand_over([light_job("measured")])
        rig.await_true(lambda: rig.completed("measured"), "a run")
        counted = "scheduledtask_fire_lag_seconds_count class=Light namespace=team"
        rig.await_true(lambda: scrape(port_of(rig)).get(counted), "the slot is counted")
        leading, families = scrape(port_of(rig)), exposed(scraped(port_of(rig)))

        os.kill(server.pid, signal.SIGSTOP)
        rig.await_true(lambda: not scrape(port_of(rig))["scheduledtask_redis_reachable"], "Redis is missed")
        away = scrape(port_of(rig))
        os.kill(server.pid, signal.SIGCONT)
        rig.await_true(lambda: scrape(port_of(rig))["scheduledtask_redis_reachable"], "Redis is back")

    assert families == {str(each) for each in described(SCHEDULER).values()}
    assert before["scheduledtask_scheduler_granted"] == 0.0
    assert counted not in before
    assert leading["scheduledtask_scheduler_granted"] == 1.0
    assert leading["scheduledtask_scheduler_jobs"] == 1.0
    assert leading["scheduledtask_runners_processes"] == 2.0
    assert leading["scheduledtask_redis_reachable"] == 1.0
    assert leading["scheduledtask_redis_call_duration_seconds_count"] > 0
    assert leading["scheduledtask_scheduler_last_look_timestamp_seconds"] > 1.7e9
    assert leading["process_resident_memory_bytes"] > 0
    assert away["scheduledtask_redis_outages_total"] == leading["scheduledtask_redis_outages_total"] + 1


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "scheduledtask_operator.cli", "scheduler", f"--metrics-port={port}"]
        sockets = [f"--control-socket={tmp_path}/control", f"--runners-socket={tmp_path}/runners"]
        ended = subprocess.run(
            [*command, *sockets, "--redis-url=redis://127.0.0.1:1"], capture_output=True, text=True, timeout=60
        )

    assert ended.returncode != 0
    assert f"--metrics-port {port}: " in ended.stderr
    assert "give another" in ended.stderr
