"""One attempt in a child process of its own: for a person at a terminal, with the limits that an engine would keep."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from scheduledtask_workloads.contract import AttemptReport, RunOrder
from scheduledtask_workloads.execution.attempt import execute
from scheduledtask_workloads.execution.capture import read_tail
from scheduledtask_workloads.execution.masking import MaskedStream
from scheduledtask_workloads.execution.memory import MemoryGuard, larger_peak_bytes
from scheduledtask_workloads.execution.processes import die_with_parent, kill_tree
from scheduledtask_workloads.execution.reports import HostReport, Observed, exited_by, memory_limit_exceeded, timed_out
from scheduledtask_workloads.execution.secrets import masker_of_environment

_LOOK_SECONDS = 0.1
_LOADING_SECONDS = 60.0
_ORDER, _OUTPUT, _STARTED, _REPORT = "order.json", "output", "started", "report.json"


def run_in_child(
    order: RunOrder, *, environment: Mapping[str, str], on_output: Callable[[bytes], None]
) -> AttemptReport:
    """Perform the order in a fresh interpreter, its output passed on while it runs; leaves no process behind.

    The time limit counts from the body's first line; loading the task code may take a minute.
    KeyboardInterrupt ends the child and is raised on.
    """
    with tempfile.TemporaryDirectory(prefix="scheduledtask-run-") as name:
        folder = Path(name)
        (folder / _ORDER).write_text(order.model_dump_json(), encoding="utf-8")
        (folder / _OUTPUT).touch()
        return _ChildRun(order, folder, environment, on_output).perform()


def perform_in_folder(folder: Path, parent_pid: int) -> None:
    """The child's part: the order is read from the folder, the report is left there."""
    die_with_parent(parent_pid)
    order = RunOrder.model_validate_json((folder / _ORDER).read_bytes())

    def on_started(at: float) -> None:
        (folder / _STARTED).write_text(repr(at), encoding="ascii")

    report = execute(order, output=folder / _OUTPUT, on_started=on_started)
    fresh = folder / f"{_REPORT}.new"
    fresh.write_text(report.model_dump_json(), encoding="utf-8")
    os.replace(fresh, folder / _REPORT)


class _ChildRun:
    def __init__(
        self, order: RunOrder, folder: Path, environment: Mapping[str, str], on_output: Callable[[bytes], None]
    ) -> None:
        self._order = order
        self._folder = folder
        self._on_output = on_output
        self._masker = masker_of_environment(environment)
        self._stream = MaskedStream(self._masker)
        self._position = 0
        # -P: the folder that a person stands in offers no modules, as it does in no engine.
        program = [sys.executable, "-P", "-m", "scheduledtask_workloads.execution", str(folder), str(os.getpid())]
        self._process = subprocess.Popen(program, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        self._guard = MemoryGuard(self._process.pid, order.memory_limit_bytes)

    def perform(self) -> AttemptReport:
        broken_limit: HostReport | None = None
        try:
            broken_limit = self._watch()
        finally:
            kill_tree(self._process.pid, grace_seconds=0.0 if broken_limit is memory_limit_exceeded else 5.0)
            exit_code = self._process.wait()
        self._pass_output_on()
        self._say(self._stream.close())
        if broken_limit:
            return broken_limit(self._order, self._observed())
        return self._own_report() or exited_by(self._order, self._observed(), exit_code)

    def _watch(self) -> HostReport | None:
        loaded_by = time.time() + _LOADING_SECONDS
        while self._process.poll() is None:
            self._pass_output_on()
            if self._guard.sample():
                return memory_limit_exceeded
            if time.time() > (self._started_at() or loaded_by) + self._order.timeout_seconds:
                return timed_out
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LOOK_SECONDS)
        return None

    def _pass_output_on(self) -> None:
        with (self._folder / _OUTPUT).open("rb") as file:
            file.seek(self._position)
            fresh = file.read()
        self._position += len(fresh)
        self._say(self._stream.feed(fresh))

    def _say(self, output: bytes) -> None:
        if output:
            self._on_output(output)

    def _started_at(self) -> float | None:
        with suppress(FileNotFoundError, ValueError):  # not there, or not written yet
            return float((self._folder / _STARTED).read_text(encoding="ascii"))
        return None

    def _own_report(self) -> AttemptReport | None:
        try:
            report = AttemptReport.model_validate_json((self._folder / _REPORT).read_bytes())
        except FileNotFoundError:
            return None
        peak_bytes = larger_peak_bytes(report.peak_memory_bytes, self._guard.peak_bytes)
        return report.model_copy(update={"peak_memory_bytes": peak_bytes})

    def _observed(self) -> Observed:
        return Observed(
            ended_at=time.time(),
            started_at=self._started_at(),
            peak_memory_bytes=larger_peak_bytes(None, self._guard.peak_bytes),
            output=read_tail(self._folder / _OUTPUT, masker=self._masker),
        )
