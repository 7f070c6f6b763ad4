"""Tasks run here for a while, for what their runs and our own programs take."""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from scheduledtask_operator.api import API_VERSION, KIND
from scheduledtask_operator.local.board import Board
from scheduledtask_operator.local.due_tally import DueTally
from scheduledtask_operator.local.session import DevOptions, DevSession
from scheduledtask_operator.local.state_folder import StateFolder
from scheduledtask_operator.local.summary import percentile
from scheduledtask_operator.manifests.inventory_document import ObservedRuns
from scheduledtask_workloads.contract import RunRecord, TaskClass, TaskKey
from scheduledtask_workloads.contract.messages import RunChanged, SchedulerToControl

SAMPLE_SECONDS = 1.0
MOST_IDLE_WORKERS = 4  # more would say the same, and may be more than a machine has memory for
IDLE_TIMEOUT_SECONDS = 120.0  # some Python programs at once on a busy machine
STILL_SAMPLES = 3  # in a row, of the same memory but for a hundredth: nothing is being loaded any more
STILL_SHARE = 0.01


@dataclass(slots=True)
class Observation:
    """The runs that ended, by their ids, and of each program the most memory that was seen."""

    records: dict[str, RunRecord] = field(default_factory=dict)
    most_bytes: Counter[str] = field(default_factory=Counter)

    def hear(self, message: SchedulerToControl) -> None:
        if isinstance(message, RunChanged) and message.record.state.final:
            self.records[message.record.run_id] = message.record

    def see(self, sizes: Mapping[str, int]) -> None:
        for name, size_bytes in sizes.items():
            self.most_bytes[name] = max(self.most_bytes[name], size_bytes)

    def of(self, key: TaskKey) -> ObservedRuns | None:
        return observed_runs([run for run in self.records.values() if TaskKey(run.namespace, run.name) == key])


async def observe(options: DevOptions) -> Observation:
    """As `dev --for` runs them, in a state folder that is thrown away. Raises LocalError."""
    observation = Observation()
    with tempfile.TemporaryDirectory(prefix="scheduledtask-inventory-") as name:
        folder = _opened(name)
        board = Board(lambda line: None, lambda: datetime.now(UTC), DueTally())
        board.ears.append(observation.hear)
        running = asyncio.create_task(DevSession(options, folder, board).run())
        try:
            while not running.done():
                observation.see(await asyncio.to_thread(program_sizes, folder))
                await asyncio.wait([running], timeout=SAMPLE_SECONDS)
        finally:
            await _ended(running)
    return observation


async def idle_worker_sizes(options: DevOptions, count: int) -> list[int]:
    """PSS in bytes of `count` real workers that wait for their first message. Raises LocalError, TimeoutError."""
    with tempfile.TemporaryDirectory(prefix="scheduledtask-inventory-") as name:
        folder, manifests = _opened(f"{name}/state"), Path(name) / "idle.json"
        manifests.write_text(json.dumps({"kind": "List", "items": [_idle(number) for number in range(count)]}))
        board = Board(lambda line: None, lambda: datetime.now(UTC))
        session = DevSession(replace(options, paths=(manifests,), for_seconds=None), folder, board)
        running = asyncio.create_task(session.run())
        try:
            async with asyncio.timeout(IDLE_TIMEOUT_SECONDS):
                return await _when_still(folder, count, running)
        finally:
            await _ended(running)


def observed_runs(records: Sequence[RunRecord]) -> ObservedRuns | None:
    """None of none."""
    if not records:
        return None
    durations = [run.duration_seconds for run in records if run.duration_seconds is not None]
    peaks = [run.peak_memory_bytes for run in records if run.peak_memory_bytes]
    return ObservedRuns(
        runs=len(records),
        outcomes=dict(Counter(str(run.state) for run in records)),
        duration_p95_seconds=percentile(durations, 95),
        longest_seconds=max(durations, default=None),
        peak_memory_bytes=max(peaks, default=None),
        at_once=_most_at_once(records),
    )


def program_sizes(folder: StateFolder) -> dict[str, int]:
    """PSS in bytes of each program that runs, with its children."""
    return {name: size_bytes for name, pid in folder.read_processes().items() if (size_bytes := _tree_bytes(pid))}


def _opened(path: str) -> StateFolder:
    folder = StateFolder(Path(path))
    folder.open()
    return folder


def _idle(number: int) -> dict[str, object]:
    """A light built-in task that is made heavy, with a worker that waits for it and gets nothing."""
    spec = {"task": "system-health", "class": TaskClass.HEAVY, "worker": {"minReplicas": 1}}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": f"idle-{number}"}, "spec": spec}


async def _when_still(folder: StateFolder, count: int, running: "asyncio.Task[object]") -> list[int]:
    """Of the workers, once they are all there and take no more memory than before."""
    seen: list[list[int]] = []
    while not running.done():
        sizes = await asyncio.to_thread(program_sizes, folder)
        workers = [size_bytes for name, size_bytes in sorted(sizes.items()) if name.startswith("worker-")]
        seen = [*seen, workers][-STILL_SAMPLES:] if len(workers) == count else []
        if len(seen) == STILL_SAMPLES and _is_still([sum(each) for each in seen]):
            return workers
        await asyncio.wait([running], timeout=SAMPLE_SECONDS)
    await running
    return []


def _is_still(totals: Iterable[int]) -> bool:
    known = list(totals)
    return max(known) - min(known) <= STILL_SHARE * max(known)


def _most_at_once(records: Iterable[RunRecord]) -> int | None:
    """Of runs whose latest attempts were seen to begin and end."""
    changes: list[tuple[float, int]] = []
    for run in records:
        if run.started_at is not None and run.ended_at is not None:
            changes += [(run.started_at, 1), (run.ended_at, -1)]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most or None


def _tree_bytes(pid: int) -> int:
    """0 of what is gone. Where there is no proportional size (macOS), the unique one."""
    total = 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                info = process.memory_full_info()
                total += getattr(info, "pss", info.uss)
    return total


async def _ended(running: "asyncio.Task[object]") -> None:
    """Every process is gone; what it raised is raised."""
    if not running.done():
        running.cancel()
    with suppress(asyncio.CancelledError):
        await running
