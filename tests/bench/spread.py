"""Ten thousand tasks, each once a minute, spread by jitter: start delay of the bodies, and what the scheduler costs.

The delay counts from the slot with its jitter, which is when the run is due.
`python -m tests.bench.spread [TASKS] [SECONDS]`. Scheduler and four runners as programs, over a real server.
"""

import json
import math
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from tests.integration.scheduler.rig import Rig
from tests.redis_server import running_server

from scheduledtask_workloads.contract import Job, JobSchedule, TaskClass
from scheduledtask_workloads.schedule import due_time, parse_rule

NAMESPACES = 4
SETTLING_SECONDS = 5.0
JITTER_SECONDS = 59
MINUTELY = parse_rule("* * * * *")


def measure(tasks: int = 10_000, seconds: float = 60.0) -> dict[str, Any]:
    """Milliseconds from slot to first line, and shares of one core over the window."""
    with running_server() as server, tempfile.TemporaryDirectory(prefix="spread-") as folder:
        with Rig(Path(folder), server.url) as rig:
            rig.start_runners(processes=4)
            control = rig.start_scheduler("--lease-seconds", "15")
            control.await_true(lambda: control.status().runners_connected)
            control.hand_over(_jobs(tasks), grant_seconds=600)
            control.await_true(lambda: control.status().jobs == tasks, 120)
            from_slot = math.ceil((time.time() + SETTLING_SECONDS) / 60) * 60
            rig.await_true(lambda: time.time() >= from_slot, "the first minute", 90)
            assert rig.scheduler is not None
            scheduler = psutil.Process(rig.scheduler.pid)
            before, began = scheduler.cpu_times(), time.monotonic()
            rig.await_true(lambda: time.time() >= from_slot + seconds, "the window", seconds + 60)
            after, elapsed = scheduler.cpu_times(), time.monotonic() - began
        events = [json.loads(line) for line in rig.journal.read_text().splitlines()]
    first, end = from_slot, from_slot + seconds - 2
    begun = [(_due_at(event), event["at"]) for event in events if event["event"] == "begin"]
    delays = [(at - due_at) * 1000 for due_at, at in begun if first <= due_at < end]
    return {
        "tasks": tasks,
        "runs": len(delays),
        "due": round(tasks * (seconds - 2) / 60),
        "start_delay_p50_ms": _percentile(delays, 0.5),
        "start_delay_p99_ms": _percentile(delays, 0.99),
        "scheduler_cpu_percent": round((after.user + after.system - before.user - before.system) / elapsed * 100, 1),
    }


def _due_at(event: dict[str, Any]) -> float:
    slot = datetime.fromtimestamp(event["slot"], UTC)
    identity = f"{event['namespace']}/{event['name']}"
    return due_time(MINUTELY, slot, jitter_seconds=JITTER_SECONDS, identity=identity).timestamp()


def _jobs(tasks: int) -> list[Job]:
    schedule = JobSchedule(
        expression="* * * * *", jitter_seconds=JITTER_SECONDS, effective_from_epoch_seconds=int(time.time())
    )
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
