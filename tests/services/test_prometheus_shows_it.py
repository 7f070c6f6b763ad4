"""A real Prometheus asks a real scheduler, and an operator that has tasks in every state: every panel has data."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards.alerts import ALERTS, JOB, rules
from dashboards.boards import BOARDS
from dashboards.queries import raw_queries
from tests.integration.scheduler.rig import Rig, light_job
from tests.redis_server import running_server
from tests.services.packages import Programs, prometheus_programs

DEADLINE_SECONDS = 90.0
FILLED = {
    "$namespace": ".*",
    "$scheduledtask": "report",
    "$pool": ".*",
    "$__rate_interval": "20s",
    "$__range": "1m",
}
QUERIES = sorted({query for board in BOARDS for query in raw_queries(json.loads(board.json()))})


class Prometheus:
    """`get` an answer of its API."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str, **parameters: str) -> Any:
        """None while it does not answer."""
        url = f"http://127.0.0.1:{self._port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error
        except OSError:
            return None

    def has(self, query: str) -> bool:
        answer = self.get("query", query=query)
        return bool(answer and answer["result"])


@contextmanager
def process(*command: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, text=True, **options) as started:
        try:
            yield started
        finally:
            started.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def scheduler_port(rig: Rig) -> int:
    lines = [json.loads(line) for line in rig.log.splitlines()]
    return next((line["metrics_port"] for line in lines if "metrics_port" in line), 0)


def config(folder: Path, ports: list[int]) -> str:
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules()), encoding="utf-8")
    target = {"targets": [f"127.0.0.1:{port}" for port in ports], "labels": {"namespace": "system"}}
    job = {"job_name": JOB, "honor_labels": True, "static_configs": [target]}
    often = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    text = yaml.safe_dump({"global": often, "rule_files": ["rules.yaml"], "scrape_configs": [job]})
    (folder / "prometheus.yaml").write_text(text, encoding="utf-8")
    return str(folder / "prometheus.yaml")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    programs: Programs = prometheus_programs()
    folder = tmp_path_factory.mktemp("prometheus")
    with running_server(folder / "redis") as server, Rig(folder, server.url) as rig:
        rig.start_runners()
        control = rig.start_scheduler("--metrics-port=0")
        control.hand_over([light_job("pulse")], grant_seconds=600)
        rig.await_true(lambda: scheduler_port(rig), "the scheduler's endpoint")
        stage = process(sys.executable, "-m", "tests.services.metrics_stage", stdout=subprocess.PIPE)
        with stage as operator, (folder / "prometheus.log").open("w") as log:
            assert operator.stdout is not None
            ports = [int(operator.stdout.readline()), scheduler_port(rig)]
            listen = free_port()
            arguments = (
                f"--config.file={config(folder, ports)}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{listen}",
            )
            with process(programs.path("prometheus"), *arguments, env=programs.environment, stdout=log, stderr=log):
                yield Prometheus(listen)


def filled(query: str) -> str:
    for name, value in FILLED.items():
        query = query.replace(name, value)
    return query


def test_every_query_of_every_panel_returns_data(prometheus: Prometheus) -> None:
    missing = list(QUERIES)
    end = time.monotonic() + DEADLINE_SECONDS
    while missing and time.monotonic() < end:
        missing = [query for query in missing if not prometheus.has(filled(query))]
        time.sleep(1)

    assert missing == []


def test_both_endpoints_are_scraped_whole(prometheus: Prometheus) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not prometheus.has("count(up == 1) == 2") and time.monotonic() < end:
        time.sleep(0.5)

    targets = prometheus.get("targets")["activeTargets"]
    assert [(target["health"], target["lastError"]) for target in targets] == [("up", "")] * 2


def test_alerts_of_what_is_wrong_are_raised_and_no_others(prometheus: Prometheus) -> None:
    """Those that wait for their `for` are pending."""
    expected = {
        "ScheduledTaskFailing",
        "ScheduledTaskMissedSlot",
        "ScheduledTaskNotReady",
        "ScheduledTaskStale",
        "ScheduledTaskWorkersNotStarting",
    }
    end = time.monotonic() + DEADLINE_SECONDS
    while raised(prometheus) != expected and time.monotonic() < end:
        time.sleep(0.5)

    assert raised(prometheus) == expected
    groups = prometheus.get("rules")["groups"]
    assert {rule["name"]: rule["health"] for group in groups for rule in group["rules"]} == {
        alert.name: "ok" for alert in ALERTS
    }


def raised(prometheus: Prometheus) -> set[str]:
    answer = prometheus.get("alerts")
    return {alert["labels"]["alertname"] for alert in answer["alerts"]} if answer else set()
