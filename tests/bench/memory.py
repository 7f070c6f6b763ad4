"""Memory of each process of local mode with the built-in light tasks, running: proportional set size (PSS).

Pages that forked processes share are counted once in all, so the figures may be added.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

RUNNERS = 4
DEADLINE_SECONDS = 60.0
TASKS = ("health", "cleanup", "providers")
RUNS = 5  # of each task by each runner: what they keep in memory is there by then
_MANIFEST = """
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {{name: health-{number}}}
spec: {{schedule: "* * * * * *", task: system-health, arguments: {{history: {folder}/health.sqlite}}}}
---
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {{name: cleanup-{number}}}
spec:
  schedule: "*/2 * * * * *"
  task: database-cleanup
  arguments:
    url: "sqlite:///{folder}/health.sqlite"
    tables: [{{table: system_health, age_column: at, max_age: 10s}}]
---
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {{name: providers-{number}}}
spec:
  schedule: "* * * * * *"
  task: provider-health
  arguments:
    history: "sqlite:///{folder}/health.sqlite"
    endpoints:
    - {{name: resolver, kind: dns, host: localhost}}
    - {{name: closed, kind: http, url: "http://127.0.0.1:9/"}}
    - {{name: database, kind: sql, url: "sqlite:///{folder}/health.sqlite"}}
---
"""


def measure() -> dict[str, int]:
    """Bytes by program, each with its children."""
    with tempfile.TemporaryDirectory(prefix="scheduledtask-bench-") as folder:
        manifests = "".join(_MANIFEST.format(number=number, folder=folder) for number in range(RUNNERS))
        (Path(folder) / "tasks.yaml").write_text(manifests)
        command = [sys.executable, "-m", "scheduledtask_operator.cli", "dev", "-f", folder, "--runners", str(RUNNERS)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await_true(
                lambda: {"scheduler", "runners"} <= _programs(Path(folder)).keys(), "scheduler and runners are up"
            )
            _await_true(lambda: _are_warm(Path(folder)), f"each of {RUNNERS} runners ended {RUNS} runs of each task")
            return _by_program(Path(folder))
        finally:
            process.terminate()
            process.wait()


def _await_true(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {DEADLINE_SECONDS:g} s: {what}")
        time.sleep(0.1)


def _are_warm(folder: Path) -> bool:
    """By the journal of bodies."""
    journal = folder / ".scheduledtask" / "bodies.ndjson"
    lines = journal.read_text().splitlines() if journal.exists() else []
    bodies = [body for body in map(json.loads, lines) if body["event"] == "end"]
    ended = Counter((body["pid"], body["name"].split("-")[0]) for body in bodies)
    pids = {pid for pid, _ in ended}
    return sum(all(ended[pid, task] >= RUNS for task in TASKS) for pid in pids) >= RUNNERS


def _programs(folder: Path) -> dict[str, int]:
    try:
        pids: dict[str, int] = json.loads((folder / ".scheduledtask" / "processes.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return pids


def _by_program(folder: Path) -> dict[str, int]:
    programs = _programs(folder)
    own = set(programs.values())
    return {name: _tree_bytes(psutil.Process(pid), own - {pid}) for name, pid in programs.items()}


def _tree_bytes(root: psutil.Process, others: set[int]) -> int:
    """Of `root` and its children, without those programs that are listed for themselves."""
    total = root.memory_full_info().pss
    for child in root.children():
        if child.pid not in others:
            total += _tree_bytes(child, others)
    return int(total)


if __name__ == "__main__":
    print(json.dumps({name: f"{size / 2**20:.1f} MiB" for name, size in measure().items()}, indent=2))
