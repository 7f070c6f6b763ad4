"""What it costs to be watched: the metrics of 10,000 tasks over HTTP, as Prometheus asks for them each 15 s.

The operator's endpoint is a process of its own with statuses as the loop makes them; the scheduler's is that of the
real program. For the effect on the fire lag both are asked as 10,000 slots come due, and each second until all are
admitted; the operator knows of the slots, as it would. Beside ours stands the same text by prometheus-client alone.
`python -m tests.bench.scrape [TASKS]`
"""

import asyncio
import gzip
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection
from threading import Event, Thread
from typing import Any

import psutil
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from tests.bench import fire_lag
from tests.integration.scheduler.rig import Rig
from tests.status_values import heavy, job, light, pool, run

from scheduledtask_operator.cluster.health import HealthServer
from scheduledtask_operator.cluster.metrics import Figures, Metrics
from scheduledtask_operator.control.keyed_queue import KeyedQueue
from scheduledtask_operator.control.runs import RunBook
from scheduledtask_operator.control.status import HistoryLimits, TaskRuns, TaskStatus
from scheduledtask_workloads.contract import JobSchedule, RunState, TaskClass, TaskKey

NAMESPACES = 20
HEAVY_SHARE = 10  # one in so many, with a pool of its own
SCRAPES = 20
PAUSE_SECONDS = 1.0


def measure(tasks: int = 10_000) -> dict[str, Any]:
    """Seconds over SCRAPES scrapes, bytes, and the fire lag's p99 in milliseconds alone and while watched."""
    with operator_endpoint(tasks) as (process, port):
        operator = psutil.Process(process.pid)
        before, spent = operator.memory_info().rss, sum(operator.cpu_times()[:2])
        times, zipped, plain = _scrapes(port)
        grown, spent = operator.memory_info().rss - before, sum(operator.cpu_times()[:2]) - spent
        beside = partial(_asked_often, process, port)
        watched = fire_lag.measure(tasks, options=("--metrics-port=0",), beside=beside)
    alone = fire_lag.measure(tasks)
    return {
        "tasks": tasks,
        "scrape_p50_seconds": _share(times, 0.5),
        "scrape_max_seconds": max(times),
        "scrape_cpu_seconds": spent / SCRAPES,
        "lines": plain.count(b"\n"),
        "plain_bytes": len(plain),
        "zipped_bytes": len(zipped),
        "grown_bytes": grown,
        "prometheus_client_seconds": _by_the_library(plain),
        "fire_lag_alone_p99_ms": alone["p99_ms"],
        "fire_lag_watched_p99_ms": watched["p99_ms"],
        "missed": alone["missed"] + watched["missed"],
    }


@contextmanager
def operator_endpoint(tasks: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process, and the port at which it tells of `tasks` tasks."""
    command = [sys.executable, "-m", "tests.bench.scrape", "--serve", str(tasks)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def _scrapes(port: int) -> tuple[list[float], bytes, bytes]:
    times, zipped = [], b""
    for _ in range(SCRAPES):
        began = time.monotonic()
        zipped = scrape(port)
        times.append(time.monotonic() - began)
    return times, zipped, gzip.decompress(zipped)


def scrape(port: int) -> bytes:
    """As Prometheus asks: compressed."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    with closing(connection):
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        return connection.getresponse().read()


@contextmanager
def _asked_often(operator: subprocess.Popen[str], operator_port: int, rig: Rig, slot: int) -> Iterator[None]:
    """Both endpoints, just before the slot and then each second, each from a thread of its own."""
    assert operator.stdin is not None
    print(slot, file=operator.stdin, flush=True)
    lines = [json.loads(line) for line in rig.log.splitlines() if "metrics_port" in line]
    stop = Event()
    threads = [
        Thread(target=_ask, args=(port, slot - fire_lag.LEAD_SECONDS, stop))
        for port in (operator_port, lines[0]["metrics_port"])
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _ask(port: int, first: float, stop: Event) -> None:
    stop.wait(first - time.time())
    while not stop.is_set():
        scrape(port)
        stop.wait(PAUSE_SECONDS)


def _by_the_library(plain: bytes) -> float:
    """Processor seconds in which prometheus-client writes as many lines, from values that are at hand."""
    names = sorted({line.partition(b"{")[0].decode() for line in plain.splitlines() if b'scheduledtask="' in line})
    registry = CollectorRegistry()
    registry.register(_Families(names, plain.count(b'scheduledtask="') // len(names)))
    began = time.process_time()
    gzip.compress(generate_latest(registry), 1)
    return time.process_time() - began


class _Families(Collector):
    def __init__(self, names: list[str], tasks: int) -> None:
        self._names = names
        self._tasks = tasks

    def collect(self) -> Iterator[Metric]:
        for name in self._names:
            family = GaugeMetricFamily(name, "One of them.", labels=("namespace", "scheduledtask"))
            for number in range(self._tasks):
                family.add_metric((f"team-{number % NAMESPACES}", f"check-{number:05d}"), 1.5e9)
            yield family


def _share(values: list[float], share: float) -> float:
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


# --- the process


async def serve(tasks: int, say: Callable[[str], object]) -> None:
    """Until it is killed. Each line of its input is the slot, in Unix seconds, at which all tasks are due next."""
    metrics = Metrics(lambda: datetime.now(UTC), lambda key: None, "0")
    metrics.show(Figures(KeyedQueue(), lambda: True, "the-lease"))
    metrics.leader_changed(True, datetime.fromtimestamp(0, UTC))
    book = RunBook()
    statuses = dict(_added(metrics, book, number) for number in range(tasks))
    async with HealthServer(
        0, healthy=str, ready=str, metrics=metrics.parts, wait_seconds=metrics.wait_seconds
    ) as server:
        say(str(server.port))
        while line := await asyncio.to_thread(sys.stdin.readline):
            for key, status in statuses.items():
                metrics.write(key, replace(status, next_due=datetime.fromtimestamp(int(line), UTC)))
        await asyncio.Event().wait()


def _added(metrics: Metrics, book: RunBook, number: int) -> tuple[TaskKey, TaskStatus]:
    key = TaskKey(f"team-{number % NAMESPACES}", f"check-{number:05d}")
    told = [run(one, RunState.FAILED if one == 2 else RunState.SUCCEEDED, key, peak_memory_bytes=1) for one in range(5)]
    book.remember(key, HistoryLimits())
    book.load(key, told)
    status = _status(key, book.of(key), is_heavy=number % HEAVY_SHARE == 0)
    metrics.write(key, status)
    for record in told:
        metrics.run_changed(record)
    return key, status


def _status(key: TaskKey, known: TaskRuns, *, is_heavy: bool) -> TaskStatus:
    task_class = TaskClass.HEAVY if is_heavy else TaskClass.LIGHT
    schedule = JobSchedule(expression="*/5 * * * *", time_zone="Europe/Paris")
    held = job(task_class, key).model_copy(update={"schedule": schedule, "memory_limit_bytes": 500_000_000})
    if is_heavy:
        return heavy(key=key, job=held, runs=known, pool=pool(pool=key.name), freshness_seconds=3600)
    return light(key=key, job=held, runs=known, freshness_seconds=3600)


if __name__ == "__main__":
    if "--serve" in sys.argv:
        asyncio.run(serve(int(sys.argv[-1]), lambda text: print(text, flush=True)))
    else:
        print(json.dumps(measure(*map(int, sys.argv[1:])), indent=2))
