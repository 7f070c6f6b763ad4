"""Twenty small tasks a minute on one cluster: as CronJobs, then as light ScheduledTasks. Start delay, and CPU a run.

CPU is that of the whole machine over what it took while nothing was due, so nothing else should run on it.
`python -m tests.bench.beside_cronjob [MINUTES]`; the cluster and the operator are started when they are not there.
"""

import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

import psutil
from tests.cluster import ladder
from tests.cluster.body_journal import read_bodies
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.images import TOOLS_IMAGE
from tests.cluster.installing import install_on
from tests.cluster.places import places
from tests.cluster.progress import Progress
from tests.light_load import ARGUMENTS

TASKS = 20
LEAD_SECONDS = 15.0  # before the first minute, so that nothing of the start counts
TAIL_SECONDS = 20.0  # after the last minute's slots, when the last pods have ended

Json = dict[str, Any]


def measure(minutes: int = 2) -> dict[str, float]:
    """Seconds from the minute to the first line, and core-seconds a run over an idle cluster's."""
    progress = Progress()
    cluster = ladder.up(places(), progress)
    system = install_on(cluster, places(), progress)
    idle_cores = _idle_cores()
    cronjobs, cronjob_cpu = _as_cronjobs(cluster, minutes, idle_cores)
    light, light_cpu = _as_light_tasks(cluster, system, minutes, idle_cores)
    return {
        "idle_cores": idle_cores,
        "cronjob_runs": len(cronjobs),
        "cronjob_start_delay_p50_seconds": _percentile(cronjobs, 0.5),
        "cronjob_start_delay_p99_seconds": _percentile(cronjobs, 0.99),
        "cronjob_core_seconds_a_run": cronjob_cpu / len(cronjobs),
        "light_runs": len(light),
        "light_start_delay_p50_seconds": _percentile(light, 0.5),
        "light_start_delay_p99_seconds": _percentile(light, 0.99),
        "light_core_seconds_a_run": light_cpu / len(light),
        "times_lower_start_delay": _percentile(cronjobs, 0.99) / _percentile(light, 0.99),
        "times_less_cpu": cronjob_cpu / len(cronjobs) / (light_cpu / len(light)),
    }


def _idle_cores() -> float:
    before, began = _busy_seconds(), time.monotonic()
    _sleep_until(time.time() + 60)
    return (_busy_seconds() - before) / (time.monotonic() - began)


def _as_cronjobs(cluster: Cluster, minutes: int, idle_cores: float) -> tuple[list[float], float]:
    with _namespace(cluster) as namespace:
        cluster.apply([_cronjob(namespace, number) for number in range(TASKS)])
        cpu_seconds = _window(minutes, idle_cores)
        lines = cluster.kubectl(
            "logs",
            "--selector=bench=cronjob",
            f"--namespace={namespace}",
            "--timestamps",
            "--tail=-1",
            f"--max-log-requests={10 * TASKS * minutes}",
        )
    moments = [datetime.fromisoformat(line.split()[0]).timestamp() for line in lines.splitlines() if "begin" in line]
    return [moment % 60 for moment in moments], cpu_seconds


def _as_light_tasks(cluster: Cluster, system: str, minutes: int, idle_cores: float) -> tuple[list[float], float]:
    with _namespace(cluster) as namespace:
        cluster.apply([_light_task(namespace, number) for number in range(TASKS)])
        cpu_seconds = _window(minutes, idle_cores)
        bodies = read_bodies(cluster, [system], namespace)
    return [body.began_at - body.slot for body in bodies if body.slot is not None and body.succeeded], cpu_seconds


def _window(minutes: int, idle_cores: float) -> float:
    """Core-seconds over idle, from just before the first whole minute until the last one's runs have ended."""
    first = math.ceil((time.time() + LEAD_SECONDS) / 60) * 60
    _sleep_until(first - 1)
    before, began = _busy_seconds(), time.monotonic()
    _sleep_until(first + 60 * (minutes - 1) + TAIL_SECONDS)
    return _busy_seconds() - before - idle_cores * (time.monotonic() - began)


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


@contextmanager
def _namespace(cluster: Cluster) -> Iterator[str]:
    name = f"bench-{uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false")
        wait_until(
            "the namespace's end",
            lambda: not cluster.kubectl("get", "namespace", name, "--ignore-not-found"),
            timeout_seconds=180,
        )


def _cronjob(namespace: str, number: int) -> Json:
    container = {
        "name": "nothing",
        "image": TOOLS_IMAGE,
        "imagePullPolicy": "Never",
        "command": ["echo", "begin"],
        "resources": {"requests": {"cpu": "1m"}},
    }
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": f"check-{number}", "namespace": namespace},
        "spec": {
            "schedule": "* * * * *",
            "successfulJobsHistoryLimit": 20,
            "jobTemplate": {"spec": {"template": {"metadata": {"labels": {"bench": "cronjob"}}, "spec": pod}}},
        },
    }


def _light_task(namespace: str, number: int) -> Json:
    return {
        "apiVersion": "scheduledtask.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": f"check-{number}", "namespace": namespace},
        "spec": {
            "schedule": "* * * * *",
            "task": "system-health",
            "arguments": {**ARGUMENTS, "sample_seconds": 0.001},
        },
    }


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, math.ceil(len(values) * share) - 1)]


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:])), indent=2))
