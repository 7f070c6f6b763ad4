"""The runners program: from its socket to its last report."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, RunOrder, RunState
from scheduledtask_workloads.contract.framing import LINE_LIMIT_BYTES
from scheduledtask_workloads.contract.heartbeat import keep_heartbeat
from scheduledtask_workloads.execution import adopt_orphans
from scheduledtask_workloads.runners.errors import SocketUnusableError
from scheduledtask_workloads.runners.pool import Pool, PoolListener, PoolSettings
from scheduledtask_workloads.runners.scheduler_link import Holdings, SchedulerLink, SchedulerRequests

logger = logging.getLogger(__name__)

SOCKET_PATH_LIMIT_BYTES = 107  # sun_path of unix(7), without its end
ACKNOWLEDGE_SECONDS = 2.0  # how long the last reports wait for a scheduler at the end


@dataclass(frozen=True, slots=True)
class RunnersSettings:
    """`grace_seconds`: how long bodies go on after SIGTERM, 0 or more.

    `heartbeat_file`: touched each second by the main loop, while there is a nursery that bears children.
    """

    socket: Path
    pool: PoolSettings = field(default_factory=PoolSettings)
    grace_seconds: float = 10.0
    heartbeat_file: Path | None = None


async def serve(settings: RunnersSettings) -> None:
    """Until SIGTERM or SIGINT. Raises SocketUnusableError, NurseryLostError."""
    check_socket(settings.socket)
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="scheduledtask-runners-", ignore_cleanup_errors=True) as folder:
        await _Runners(settings, Path(folder)).serve()


def check_socket(path: Path) -> None:
    """Raises SocketUnusableError unless a socket can be made there; one that nobody listens on is in nobody's way."""
    if len(os.fsencode(path)) > SOCKET_PATH_LIMIT_BYTES:
        raise SocketUnusableError(
            f"--socket {path}: longer than {SOCKET_PATH_LIMIT_BYTES} bytes; choose a shorter path"
        )
    if not path.parent.is_dir():
        raise SocketUnusableError(f"--socket {path}: there is no folder {path.parent}; make it first")
    if path.exists() and not path.is_socket():
        raise SocketUnusableError(f"--socket {path}: is no socket; choose another path")
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        raise SocketUnusableError(f"--socket {path}: another program listens there; end it, or choose another path")


class _Runners:
    def __init__(self, settings: RunnersSettings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._stop = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def serve(self) -> None:
        self._pool = Pool(self._settings.pool, self._folder, PoolListener(self._on_started, self._on_ended))
        self._link = SchedulerLink(self._holdings, SchedulerRequests(self._start, self._pool.cancel, self._on_gone))
        heartbeat = asyncio.create_task(keep_heartbeat(self._settings.heartbeat_file, self._pool.in_order))
        try:
            await self._pool.opened()
            await self._listen()
        finally:
            heartbeat.cancel()
            self._pool.close()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)
        mask = os.umask(0o177)  # the socket is made 0600, with no moment in which it is not
        try:
            path = str(self._settings.socket)
            server = await asyncio.start_unix_server(self._link.serve, path, limit=LINE_LIMIT_BYTES)
        finally:
            os.umask(mask)
        logger.info("listening", extra={"socket": path, "processes": self._settings.pool.processes})
        try:
            await self._stop.wait()
            await self._wind_up()
        finally:
            server.close()
            await self._link.close()
            self._settings.socket.unlink(missing_ok=True)

    async def _wind_up(self) -> None:
        """Bodies get their grace; what is left then is interrupted; the reports get out if anybody listens."""
        logger.info("stopping", extra={"running": len(self._pool.active())})
        self._pool.drop_queue()
        self._note_idleness()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), self._settings.grace_seconds)
        self._pool.interrupt()
        await self._idle.wait()
        if self._link.connected:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._link.settled(), ACKNOWLEDGE_SECONDS)

    def _on_signal(self) -> None:
        if self._stop.is_set():
            self._pool.interrupt()  # asked twice: no more grace
        self._stop.set()

    def _start(self, order: RunOrder) -> None:
        """While stopping, orders are left unanswered: the next connection's hello shows that nobody has them."""
        if not self._stop.is_set() and not self._pool.holds(order.ref):
            self._idle.clear()
            self._pool.start(order)

    def _on_gone(self) -> None:
        self._pool.drop_queue()  # not begun, so not ours: the next scheduler is told what runs, and decides anew

    def _holdings(self) -> Holdings:
        active = self._pool.active()
        return Holdings(
            processes=self._settings.pool.processes,
            running=tuple(run.order.ref for run in active),
            started=tuple((run.order.ref, run.started_at) for run in active if run.started_at is not None),
        )

    def _on_started(self, ref: AttemptRef, started_at: float) -> None:
        self._link.tell_started(ref, started_at)

    def _on_ended(self, report: AttemptReport) -> None:
        self._link.tell_ended(report)
        _log_end(report)
        self._note_idleness()

    def _note_idleness(self) -> None:
        if not self._pool.active():
            self._idle.set()


def _log_end(report: AttemptReport) -> None:
    # The scheduler keeps every record; here a line a success would be a third of what a run costs.
    level = logging.DEBUG if report.state is RunState.SUCCEEDED else logging.WARNING
    if not logger.isEnabledFor(level):
        return
    fields = {
        "namespace": report.ref.namespace,
        "task": report.ref.name,
        "run_id": report.ref.run_id,
        "attempt": report.ref.attempt,
        "state": report.state.value,
        "reason": report.reason.value,
    }
    if report.started_at is not None:
        fields["duration_seconds"] = round(report.ended_at - report.started_at, 6)
    logger.log(level, report.message or "run ended", extra=fields)
