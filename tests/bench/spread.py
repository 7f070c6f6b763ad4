"""Ten thousand tasks, each once a minute, spread by H: start delay of the bodies, and what the scheduler costs.

`python -m tests.bench.spread [TASKS] [SECONDS]`. Scheduler and four runners as programs, over a real server.
"""

import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from tests.bench.server import running_server
from tests.integration.scheduler.rig import Rig

from scheduledtask_workloads.contract import Job, JobSchedule, TaskClass

NAMESPACES = 4
SETTLING_SECONDS = 5.0


def measure(tasks: int = 10_000, seconds: float = 60.0) -> dict[str, Any]:
    """Milliseconds from slot to first line, and shares of one core over the window."""
    with running_server() as redis_url, tempfile.TemporaryDirectory(prefix="spread-") as folder:
        with Rig(Path(folder), redis_url) as rig:
            rig.start_runners(processes=4)
            control = rig.start_scheduler("--lease-seconds", "15")
            control.await_true(lambda: control.status().runners_connected)
            control.hand_over(_jobs(tasks), grant_seconds=600)
            control.await_true(lambda: control.status().jobs == tasks, 120)
            from_slot = int(time.time() + SETTLING_SECONDS)
            rig.await_true(lambda: time.time() >= from_slot, "all settled", 60)
            assert rig.scheduler is not None
            scheduler = psutil.Process(rig.scheduler.pid)
            before, began = scheduler.cpu_times(), time.monotonic()
            rig.await_true(lambda: time.time() >= from_slot + seconds, "the window", seconds + 60)
            after, elapsed = scheduler.cpu_times(), time.monotonic() - began
        events = [json.loads(line) for line in rig.journal.read_text().splitlines()]
    window = range(from_slot, int(from_slot + seconds) - 2)
    delays = [
        (event["at"] - event["slot"]) * 1000
        for event in events
        if event["event"] == "begin" and event["slot"] in window
    ]
    return {
        "tasks": tasks,
        "runs": len(delays),
        "due": round(tasks * len(window) / 60),
        "start_delay_p50_ms": _percentile(delays, 0.5),
        "start_delay_p99_ms": _percentile(delays, 0.99),
        "scheduler_cpu_percent": round((after.user + after.system - before.user - before.system) / elapsed * 100, 1),
    }


def _jobs(tasks: int) -> list[Job]:
    schedule = JobSchedule(expression="H * * * * *", effective_from_epoch_seconds=int(time.time()))
    return [
        Job(
            namespace=f"team-{number % NAMESPACES}",
            name=f"check-{number:05d}",
            task_class=TaskClass.LIGHT,
            task="light-nothing",
            schedule=schedule,
        )
        for number in range(tasks)
    ]


def _percentile(values: list[float], share: float) -> float:
    return round(sorted(values)[max(0, math.ceil(len(values) * share) - 1)], 1)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    print(json.dumps(measure(*arguments)))
