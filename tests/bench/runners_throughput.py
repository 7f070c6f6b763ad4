"""1,000 no-op light runs due the same second on 4 runners: start delay; runs a second; memory of all their processes.

`python -m tests.bench.runners_throughput`. As the scheduler does, no more orders are out than there are processes.
The delay counts from the moment the first order is sent to the moment before a body's first line.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from tests.runners_driver import RunnersProgram, SchedulerEnd, await_true, light_order

from scheduledtask_workloads.contract.messages import AttemptEnded, AttemptStarted, ReportAcknowledged, StartRun

PROCESSES = 4
RUNS = 1_000
ROUNDS = 3


def measure() -> dict[str, Any]:
    """The best and worst of three rounds on the same, warm program; delays in seconds, memory in bytes."""
    with (
        tempfile.TemporaryDirectory(prefix="scheduledtask-bench-") as folder,
        RunnersProgram(Path(folder), "--processes", str(PROCESSES)) as program,
    ):
        await_true(lambda: len(program.child_pids) == PROCESSES, "all children are born")
        memory_before = _memory_bytes(program.pid)
        scheduler = program.connect()
        rounds = [_round(scheduler, number) for number in range(ROUNDS)]
        memory_after = _memory_bytes(program.pid)
    return {
        "runs": RUNS,
        "processes": PROCESSES,
        "runs_per_second": [round(one["runs_per_second"]) for one in rounds],
        "start_delay_p50_seconds": [round(one["p50"], 4) for one in rounds],
        "start_delay_p99_seconds": [round(one["p99"], 4) for one in rounds],
        "pss_bytes": memory_before,
        "pss_after_bytes": memory_after,
    }


def _round(scheduler: SchedulerEnd, number: int) -> dict[str, float]:
    orders = [
        StartRun(order=light_order("nothing", run_id=f"nothing-{number}-{index}", order_timeout_seconds=60))
        for index in range(RUNS)
    ]
    delays = []
    epoch, clock = time.time(), time.perf_counter()
    scheduler.send(*orders[:PROCESSES])
    ended, sent = 0, PROCESSES
    while ended < RUNS:
        message = scheduler.hear()
        if isinstance(message, AttemptStarted):
            delays.append(message.started_at - epoch)
        elif isinstance(message, AttemptEnded):
            ended += 1
            following = orders[sent : sent + 1]
            sent += len(following)
            scheduler.send(ReportAcknowledged(ref=message.report.ref), *following)
    percentiles = statistics.quantiles(delays, n=100)
    return {
        "runs_per_second": RUNS / (time.perf_counter() - clock),
        "p50": statistics.median(delays),
        "p99": percentiles[98],
    }


def _memory_bytes(pid: int) -> int:
    """PSS of a process and all below it: pages that several share are counted once in all."""
    root = psutil.Process(pid)
    return sum(process.memory_full_info().pss for process in [root, *root.children(recursive=True)])


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
