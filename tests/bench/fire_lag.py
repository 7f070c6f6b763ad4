"""Fire lag: from the slot to a run that is admitted and handed to the light executor, with all tasks due at once.

`python -m tests.bench.fire_lag [TASKS]`. Scheduler and runners as programs, INFO logging on, over a real server, each
round with fresh ones. The figures are of the scheduler's own log, a line a slice with the lag of its earliest run;
every run of a slice counts with that lag, which is the largest in it.
"""

import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from tests.integration.scheduler.rig import Rig
from tests.redis_server import running_server

from scheduledtask_workloads.contract import Job, JobSchedule, TaskClass

NAMESPACES = 20
ROUNDS = 5
SETTLING_SECONDS = 4.0  # between the last job put and the slot
LEAD_SECONDS = 0.2  # what goes on at the slot has begun that long before
LOADED_PER_SECOND = 2_500  # jobs, at the least


def _alone(rig: Rig, slot: int) -> AbstractContextManager[Any]:
    """Nothing goes on beside it."""
    return nullcontext()


def measure(
    tasks: int = 10_000,
    *,
    options: tuple[str, ...] = (),
    beside: Callable[[Rig, int], AbstractContextManager[Any]] = _alone,
) -> dict[str, Any]:
    """Milliseconds over ROUNDS slots, the worst round's p99, and slots that were not admitted at all.

    `options` are the scheduler's; `beside` is told the slot, in Unix seconds, and goes on from some seconds before it.
    """
    rounds = [_measure_round(tasks, options, beside) for _ in range(ROUNDS)]
    lags = [lag for lags, _, _ in rounds for lag in lags]
    return {
        "tasks": tasks,
        "rounds": ROUNDS,
        "load_seconds": round(max(load_seconds for _, load_seconds, _ in rounds), 2),
        "p50_ms": _percentile(lags, 0.5),
        "p99_ms": _percentile(lags, 0.99),
        "max_ms": max(lags),
        "round_p99_ms": [_percentile(lags, 0.99) for lags, _, _ in rounds],
        "scheduler_cpu_ms": round(max(cpu_seconds for _, _, cpu_seconds in rounds) * 1000),
        "missed": sum(tasks - len(lags) for lags, _, _ in rounds),
    }


def _measure_round(
    tasks: int, options: tuple[str, ...], beside: Callable[[Rig, int], AbstractContextManager[Any]]
) -> tuple[list[float], float, float]:
    """The lags of the runs, how long the jobs took to load, and the scheduler's CPU seconds until all were admitted."""
    with running_server() as server, tempfile.TemporaryDirectory(prefix="fire-lag-") as folder:
        with Rig(Path(folder), server.url) as rig:
            rig.start_runners(processes=4)
            control = rig.start_scheduler("--lease-seconds", "15", *options)
            control.await_true(lambda: control.status().runners_connected)
            slot = int(time.time() + SETTLING_SECONDS + tasks / LOADED_PER_SECOND) + 1
            began = time.monotonic()
            control.hand_over(_jobs(tasks, slot), grant_seconds=600)
            control.await_true(lambda: control.status().jobs == tasks, 120)
            loaded_seconds = time.monotonic() - began
            assert time.time() < slot - SETTLING_SECONDS / 2, "the jobs were not loaded long enough before their slot"
            assert rig.scheduler is not None
            scheduler = psutil.Process(rig.scheduler.pid)
            with beside(rig, slot):
                rig.await_true(lambda: time.time() >= slot - LEAD_SECONDS, "the slot", 60)
                before = scheduler.cpu_times()
                rig.await_true(lambda: len(_lags(rig.log)) == tasks, "all admitted", 60)
            after = scheduler.cpu_times()
        return _lags(rig.log), loaded_seconds, after.user + after.system - before.user - before.system


def _jobs(tasks: int, slot: int) -> Iterable[Job]:
    """All of them at `slot`, Unix seconds."""
    schedule = JobSchedule(expression=f"@at {datetime.fromtimestamp(slot, UTC):%Y-%m-%dT%H:%M:%SZ}")
    return (
        Job(
            namespace=f"team-{number % NAMESPACES}",
            name=f"check-{number:05d}",
            task_class=TaskClass.LIGHT,
            task="light-nothing",
            schedule=schedule,
        )
        for number in range(tasks)
    )


def _lags(log: str) -> list[float]:
    """Of each run, in milliseconds."""
    events = [json.loads(line) for line in log.splitlines() if line.endswith("}")]
    return [event["fire_lag_ms"] for event in events if event["message"] == "admitted" for _ in range(event["runs"])]


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)))
