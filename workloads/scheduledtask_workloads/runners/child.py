"""A child: runs the bodies of one namespace, one after the other, and leaves when a body left something behind."""

import os
import resource
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from scheduledtask_workloads.catalog import Catalog
from scheduledtask_workloads.contract import AttemptReport, Reason, RunOrder, RunState
from scheduledtask_workloads.contract.quantity import format_memory
from scheduledtask_workloads.execution import adopt_orphans, die_with_parent, execute
from scheduledtask_workloads.execution.memory import own_peak_bytes
from scheduledtask_workloads.runners.lines import ChildWord, LineSplitter, to_line

# A child whose body took more than this above its start is not kept: the next one starts small again.
KEPT_GROWTH_BYTES = 64 * 1024**2
# What is mapped is more than what is used, so this limit is wide: it is there for what grows faster than is sampled.
MAPPED_PER_USED = 2
MAPPED_ALLOWANCE_BYTES = 64 * 1024**2


def live(channel: socket.socket, output: Path, catalog: Catalog, nursery_pid: int) -> None:
    """In a process forked for it: until the program hangs up, or a body left something behind."""
    os.setsid()
    die_with_parent(nursery_pid)
    adopt_orphans()
    _Child(channel, output, catalog).run()


class _Child:
    def __init__(self, channel: socket.socket, output: Path, catalog: Catalog) -> None:
        self._channel = channel
        self._output = output
        self._catalog = catalog
        self._memory_limit_bytes: int | None = None
        self._kept_bytes = own_peak_bytes() + KEPT_GROWTH_BYTES

    def run(self) -> None:
        splitter = LineSplitter()
        while data := self._channel.recv(65536):
            for line in splitter.feed(data):
                if not self._perform(RunOrder.model_validate_json(line)):
                    return

    def _perform(self, order: RunOrder) -> bool:
        """Whether this child can take another run."""
        report = self._refused(order) or self._executed(order)
        leaving = self._left_behind(report)
        self._say(ChildWord(report=report, leaving=leaving))
        return not leaving

    def _refused(self, order: RunOrder) -> AttemptReport | None:
        task = self._catalog.find(order.task)
        if task is None or task.light:
            return None
        return AttemptReport(
            ref=order.ref,
            state=RunState.FAILED,
            reason=Reason.UNKNOWN_TASK,
            message=f"task {order.task!r} is no light task; declare it @task(light=True), or run it as class: Heavy",
            ended_at=time.time(),
            host=socket.gethostname(),
        )

    def _executed(self, order: RunOrder) -> AttemptReport:
        self._limit_memory(order.memory_limit_bytes)
        with suppress(FileNotFoundError):
            os.truncate(self._output, 0)
        report = execute(order, output=self._output, on_started=self._started, catalog=self._catalog)
        return _naming_memory(report, order)

    def _started(self, at: float) -> None:
        self._say(ChildWord(started_at=at))

    def _say(self, word: ChildWord) -> None:
        self._channel.sendall(to_line(word))

    def _limit_memory(self, limit_bytes: int | None) -> None:
        if limit_bytes == self._memory_limit_bytes or limit_bytes is None:
            return
        self._memory_limit_bytes = limit_bytes
        wanted = limit_bytes * MAPPED_PER_USED + MAPPED_ALLOWANCE_BYTES
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(
            resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )

    def _left_behind(self, report: AttemptReport) -> str:
        """What of a body outlived it, in a word; it ends with this child."""
        if _has_children():
            return "processes"
        if threading.active_count() > 1:
            return "threads"
        return "memory" if (report.peak_memory_bytes or 0) > self._kept_bytes else ""


def _has_children() -> bool:
    """Everything that a body started and that still lives is a child of ours by now."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False


def _naming_memory(report: AttemptReport, order: RunOrder) -> AttemptReport:
    """A MemoryError is the limit on what is mapped, which is this child's alone."""
    if report.reason is not Reason.RAISED or not report.message.startswith("MemoryError"):
        return report
    limit, peak = format_memory(order.memory_limit_bytes or 0), format_memory(report.peak_memory_bytes or 0)
    message = f"asked for more memory than its limit of {limit} allows (peak {peak}); raise profile.memory"
    return report.model_copy(update={"reason": Reason.MEMORY_LIMIT, "message": message})
