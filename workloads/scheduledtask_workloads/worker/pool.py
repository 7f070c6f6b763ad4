"""Celery's prefork pool, with processes that are used once and whose exit code is told."""

import os
import time
from contextlib import suppress
from typing import Any

from billiard.einfo import ExceptionInfo
from celery import signals
from celery.concurrency.asynpool import AsynPool, _get_job_writer
from celery.concurrency.prefork import TaskPool
from celery.exceptions import WorkerLostError

from scheduledtask_workloads.execution import adopt_orphans, end_strays, kill_tree
from scheduledtask_workloads.worker.body_process import prepare

EXIT_SECONDS = 1.0


class BodyProcessDiedError(WorkerLostError):  # type: ignore[misc]  # celery has no types
    """A body's process ended without an answer. `exit_code` as subprocess has it, -N for signal N."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"the body's process ended with {exit_code}")
        self.exit_code = exit_code


def exit_code_of(failure: ExceptionInfo) -> int:
    """Of what the pool gives to an error callback; 1 for an exception that came from a process that lives."""
    error = getattr(failure.exception, "exc", failure.exception)  # billiard wraps it
    return error.exit_code if isinstance(error, BodyProcessDiedError) else 1


class _ExitTellingPool(AsynPool):  # type: ignore[misc]
    def mark_as_worker_lost(self, job: Any, exitcode: int | None) -> None:
        """billiard's own tells the exit code as text alone."""
        try:
            raise BodyProcessDiedError(exitcode or 0)  # noqa: TRY301  ExceptionInfo wants a traceback
        except BodyProcessDiedError:
            job._set(None, (False, ExceptionInfo()))

    def _event_process_exit(self, hub: Any, proc: Any) -> None:
        """The kernel closes a dying process's files before it can be waited for; Celery looks again only after 5 s."""
        _await_exit(proc.pid)
        super()._event_process_exit(hub, proc)

    def flush(self) -> None:
        """After a lost connection. Celery would forget the jobs that no process has taken yet; ours are entered."""
        for job in tuple(self._cache.values()):
            if (writer := _get_job_writer(job)) in self._active_writers:
                self._flush_writer(job._write_to, writer)


def _await_exit(pid: int) -> None:
    """Until it is a zombie, for a second at most: a body may also have closed the file that we watch."""
    deadline = time.monotonic() + EXIT_SECONDS
    with suppress(ChildProcessError):
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None and time.monotonic() < deadline:
            time.sleep(0.001)


class BodyPool(TaskPool):  # type: ignore[misc]
    """A process a body; `concurrency` of them wait, each forked by the main thread."""

    Pool = _ExitTellingPool

    def on_start(self) -> None:
        host_pid = os.getpid()
        adopt_orphans()
        signals.worker_process_init.connect(lambda **_: prepare(host_pid), weak=False)
        super().on_start()

    def on_stop(self) -> None:
        if self._pool is not None:
            self._end_idle()
        super().on_stop()

    def _end_idle(self) -> None:
        """They have nothing to tell; billiard would let each take leave for a second."""
        if not all(job.accepted() for job in self._pool._cache.values()):
            return  # one of them is about to be given work
        for process in self._pool._pool:
            if not self._pool._worker_active(process):
                process._controlled_termination = True
                kill_tree(process.pid, grace_seconds=0)

    def bury(self, pid: int) -> None:
        """End what is left of a body that has answered or died: its process, and all that it started."""
        processes = self._pool._pool if self._pool is not None else []
        for process in processes:
            if process.pid == pid:
                process._controlled_termination = True  # not worth a line at ERROR
        kill_tree(pid, grace_seconds=0)
        end_strays(known={process.pid for process in processes})
