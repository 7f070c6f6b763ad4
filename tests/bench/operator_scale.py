"""The operator with thousands of ScheduledTasks on a real API server.

Measured are status patches a second beside a bare client's in the same run, the operator's memory, and how long a
restart takes until its scheduler holds every job. All programs share the machine.
`python -m tests.bench.operator_scale [TASKS]`
"""

import asyncio
import json
import re
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import load_kube_config
from tests.cluster.api_server import api_server
from tests.cluster.cluster import Api
from tests.operator_processes import PodOfProcesses, pod_of_processes, until
from tests.redis_server import running_server

from scheduledtask_operator.cluster.client import Client, object_path

CRDS = Path(__file__).parents[2] / "crds"
API_VERSION, PLURAL = "scheduledtask.dev/v1alpha1", "scheduledtasks"
NAMESPACES = 4
CLIENT_CONCURRENCY = 16
BARE_PATCHES = 2000
DEADLINE_SECONDS = 600.0
STATUS_PATCHES = re.compile(
    r'^apiserver_request_total\{(?=[^}]*resource="scheduledtasks")(?=[^}]*subresource="status")'
    r'(?=[^}]*verb="(?:APPLY|PATCH|UPDATE)")(?=[^}]*code="2)[^}]*\} (\S+)$',
    re.MULTILINE,
)


def measure(tasks: int = 10_000) -> dict[str, float]:
    """Patches a second, seconds, and bytes of proportional set size."""
    with api_server() as api, running_server() as server, tempfile.TemporaryDirectory(prefix="scale-") as folder:
        api.kubectl("apply", f"--filename={CRDS}")
        asyncio.run(_create(api, tasks))
        with pod_of_processes(api, Path(folder), server.url) as pod:
            operator_rate = _first_writes(api, pod, tasks)
            restart_seconds = _restart(pod, tasks)
            pss_bytes = psutil.Process(pod.pid("operator")).memory_full_info().pss
        bare_rate = asyncio.run(_bare_rate(api, min(tasks, BARE_PATCHES)))
    return {
        "tasks": tasks,
        "operator_patches_per_second": operator_rate,
        "bare_patches_per_second": bare_rate,
        "percent_of_bare": 100 * operator_rate / bare_rate,
        "operator_pss_bytes": pss_bytes,
        "restart_seconds": restart_seconds,
    }


def _first_writes(api: Api, pod: PodOfProcesses, tasks: int) -> float:
    """From the moment when a tenth is written until all are, so that no start-up counts."""
    until("a tenth of the statuses", lambda: _written(api) >= tasks / 10, DEADLINE_SECONDS)
    count, began = _written(api), time.monotonic()
    until("every status", lambda: _written(api) >= tasks or not pod.is_running("operator"), DEADLINE_SECONDS)
    return (_written(api) - count) / (time.monotonic() - began)


def _restart(pod: PodOfProcesses, tasks: int) -> float:
    known = _completions(pod, tasks)
    pod.signal("operator", signal.SIGKILL)
    began = time.monotonic()
    pod.start("operator")
    until("the scheduler hears of all jobs again", lambda: _completions(pod, tasks) > known, DEADLINE_SECONDS)
    return time.monotonic() - began


def _completions(pod: PodOfProcesses, tasks: int) -> int:
    return sum(line.get("jobs") == tasks and "complete" in line["message"] for line in pod.log("scheduler"))


def _written(api: Api) -> float:
    return sum(map(float, STATUS_PATCHES.findall(api.kubectl("get", "--raw", "/metrics"))))


async def _client(api: Api) -> Client:
    configuration = Configuration(connection_pool_maxsize=CLIENT_CONCURRENCY)
    await load_kube_config(str(api.kubeconfig), api.context, configuration)
    return Client(configuration)


async def _create(api: Api, tasks: int) -> None:
    async with await _client(api) as client:
        for number in range(NAMESPACES):
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _namespace(number)}}
            await client.create(object_path("v1", "namespaces"), namespace)
        await _all([lambda number=number: _create_one(client, number) for number in range(tasks)])


async def _create_one(client: Client, number: int) -> None:
    namespace = _namespace(number)
    task = {
        "apiVersion": API_VERSION,
        "kind": "ScheduledTask",
        "metadata": {"name": f"check-{number:05d}", "namespace": namespace},
        "spec": {"schedule": "H H * * *", "task": "system-health"},
    }
    await client.create(object_path(API_VERSION, PLURAL, namespace=namespace), task)


async def _bare_rate(api: Api, patches: int) -> float:
    """The operator's own documents, with one field changed, by a client that does nothing else."""
    async with await _client(api) as client:
        page = await client.get(object_path(API_VERSION, PLURAL), {"limit": patches})
        began = time.monotonic()
        await _all([lambda each=each: _patch(client, each) for each in page["items"]])
        return len(page["items"]) / (time.monotonic() - began)


async def _patch(client: Client, task: dict[str, Any]) -> None:
    metadata, status = task["metadata"], {**task["status"], "lastSuccessTime": "2026-01-01T00:00:00Z"}
    path = object_path(
        API_VERSION, PLURAL, namespace=metadata["namespace"], name=metadata["name"], subresource="status"
    )
    await client.merge(path, {"status": status})


async def _all(calls: Sequence[Callable[[], Awaitable[None]]]) -> None:
    waiting = iter(calls)

    async def work() -> None:
        for call in waiting:
            await call()

    await asyncio.gather(*(work() for _ in range(CLIENT_CONCURRENCY)))


def _namespace(number: int) -> str:
    return f"team-{number % NAMESPACES}"


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:])), indent=2))
