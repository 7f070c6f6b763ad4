"""A process that leads or stands by: the real leadership, grants and socket A, with a scheduler that only answers.

`python -m tests.lease_elector LEASE POD JOURNAL TERMS` with KUBECONFIG; the terms are JSON.
Lines of the journal, all times on CLOCK_BOOTTIME: twenty a second while it stands {"fence", "at", "until"}, each grant
that its scheduler heard {"granted", "deadline"}, each change {"leads", "at"}.
SIGUSR1: its scheduler falls silent, or speaks again. SIGTERM: it releases and ends.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from scheduledtask_operator.cluster.leadership import KubernetesLeadership, LeaseSettings
from scheduledtask_operator.control.grants import keep_granting
from scheduledtask_operator.control.machine_clock import MachineClock
from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_operator.decisions.leading import Terms
from scheduledtask_workloads.contract.logs import configure_logging
from scheduledtask_workloads.contract.messages import ControlToScheduler, Grant, GrantAcknowledged, SchedulerStatus
from scheduledtask_workloads.scheduler.control_server import ControlServer

STATUS = SchedulerStatus(jobs=0, redis_reachable=True, runners_connected=True, runs_in_flight=0)
SAMPLE_SECONDS = 0.05
STATUS_SECONDS = 1.0


class Elector:
    def __init__(self, lease: str, pod: str, journal: Path, terms: Terms, socket_path: Path) -> None:
        self._journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._clock = MachineClock()
        service_account = socket_path.parent / "none"
        settings = LeaseSettings("default", pod, name=lease, terms=terms, service_account=service_account)
        self._leadership = KubernetesLeadership(settings, self._clock, self._changed)
        self._server = ControlServer(socket_path, self._hear)
        self._link = SchedulerLink(
            socket_path, receive=self._leadership.scheduler_said, connected=lambda connected: None
        )
        self._silent = False
        self._end = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self._toggle)
        loop.add_signal_handler(signal.SIGTERM, self._end.set)
        await self._server.open()
        self._leadership.start()
        granting = keep_granting(self._link, self._leadership, self._clock)
        parts = (self._server.serve(), self._link.run(), granting, self._speak(), self._sample())
        tasks = [asyncio.create_task(part) for part in parts]
        await self._end.wait()
        await self._leadership.stop()
        self._write(left=True)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, message: ControlToScheduler) -> None:
        if isinstance(message, Grant) and not self._silent:
            deadline = message.deadline_boottime_seconds
            self._write(granted=message.fence, deadline=deadline)
            self._server.tell([GrantAcknowledged(fence=message.fence, deadline_boottime_seconds=deadline)])

    async def _speak(self) -> None:
        while True:
            if not self._silent:
                self._server.tell([STATUS])
            await asyncio.sleep(STATUS_SECONDS)

    async def _sample(self) -> None:
        while True:
            at = self._clock.boottime_seconds()
            standing = self._leadership.standing()
            if standing is not None:
                self._write(fence=standing.fence, at=at, until=standing.valid_until_boottime_seconds)
            await asyncio.sleep(SAMPLE_SECONDS)

    def _toggle(self) -> None:
        self._silent = not self._silent

    def _changed(self, leads: bool) -> None:
        self._write(leads=leads, at=self._clock.boottime_seconds())

    def _write(self, **line: object) -> None:
        os.write(self._journal, f"{json.dumps(line)}\n".encode())


async def main(lease: str, pod: str, journal: str, terms: str) -> None:
    configure_logging()
    with tempfile.TemporaryDirectory() as folder:
        await Elector(lease, pod, Path(journal), Terms(**json.loads(terms)), Path(folder) / "control").run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
