"""What the control plane is told anew when it has connected, or another leader's number counts: runs and histories.

A little a turn, and nothing while a burst is admitted: ten thousand tasks are told within seconds all the same.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from itertools import islice
from typing import Any, TypeVar

from scheduledtask_workloads.contract import RunRecord, TaskKey
from scheduledtask_workloads.contract.messages import RunChanged, TaskHistory
from scheduledtask_workloads.ledger import LedgerUnreachable
from scheduledtask_workloads.scheduler.admission import Parts
from scheduledtask_workloads.scheduler.breaker import BACKGROUND_SECONDS
from scheduledtask_workloads.scheduler.control_server import ControlServer
from scheduledtask_workloads.scheduler.requests import RunKey, gone

TURN_SECONDS = 0.05
HISTORIES_A_TURN = 50  # of ten records each: about 10 ms to read, parse and write
RUNS_A_TURN = 500
TASKS_A_TURN = 50  # jobs that were put later, each asked for alone
RECORDS_A_TURN = 100

Answer = TypeVar("Answer")
Item = TypeVar("Item")


class Retelling:
    """`reading` is held while the ledger is read and told, so that no older state is told after a newer one."""

    def __init__(self, parts: Parts, server: ControlServer, reading: asyncio.Lock) -> None:
        self._parts = parts
        self._server = server
        self._reading = reading
        self._histories: dict[TaskKey, None] = {}
        self._tasks: dict[TaskKey, None] = {}
        self._records: dict[RunKey, None] = {}
        self._all_runs = False
        self._scans: dict[str, int] = {}
        """Namespaces whose runs are being told, and how far."""

    def want_all(self, keys: Iterable[TaskKey]) -> None:
        """Every run in flight, and the histories of these."""
        self._all_runs = True
        self._histories.update(dict.fromkeys(keys))

    def want_task(self, key: TaskKey) -> None:
        """Its runs in flight, and its history."""
        self._tasks[key] = None
        self._histories[key] = None

    def want_record(self, run: RunKey) -> None:
        """A run that was asked for again, and decided before."""
        self._records[run] = None

    async def run(self) -> None:
        """A turn at a time; until cancelled."""
        while True:
            await asyncio.sleep(TURN_SECONDS)
            if self._server.connected and not self._server.behind and not self._parts.light.in_burst:
                try:
                    await self._turn()
                except LedgerUnreachable:
                    continue

    async def _turn(self) -> None:
        await self._tell_records()
        await self._tell_all_runs()
        await self._tell_tasks()
        await self._tell_histories()

    async def _tell_records(self) -> None:
        runs = _some(self._records, RECORDS_A_TURN)
        if runs:
            async with self._reading:
                found = await self._ask(self._parts.ledger.records(runs))
                self._server.tell(
                    RunChanged(record=record) if record else gone(run) for run, record in zip(runs, found, strict=True)
                )
            _drop(self._records, runs)

    async def _tell_all_runs(self) -> None:
        if self._all_runs:
            self._scans = dict.fromkeys(sorted(await self._ask(self._parts.ledger.namespaces())), 0)
            self._all_runs = False
        for namespace in _some(self._scans, 1):
            async with self._reading:
                cursor, records = await self._ask(
                    self._parts.ledger.runs_in_flight(namespace, self._scans[namespace], RUNS_A_TURN)
                )
                self._tell_runs(records)
            if cursor:
                self._scans[namespace] = cursor
            else:
                del self._scans[namespace]

    async def _tell_tasks(self) -> None:
        for key in _some(self._tasks, TASKS_A_TURN):
            async with self._reading:
                self._tell_runs(run.record for run in await self._ask(self._parts.ledger.open_runs(key)))
            _drop(self._tasks, [key])

    async def _tell_histories(self) -> None:
        keys = _some(self._histories, HISTORIES_A_TURN)
        if keys:
            found = await self._ask(self._parts.ledger.history(keys))
            self._server.tell(
                TaskHistory(namespace=key.namespace, name=key.name, records=tuple(records))
                for key, records in found.items()
            )
            _drop(self._histories, keys)

    def _tell_runs(self, records: Iterable[RunRecord]) -> None:
        self._server.tell(RunChanged(record=record) for record in records)

    async def _ask(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        return await self._parts.breaker.call(asked, BACKGROUND_SECONDS)


def _some(waiting: Iterable[Item], most: int) -> list[Item]:
    return list(islice(waiting, most))


def _drop(waiting: dict[Item, None], told: Iterable[Item]) -> None:
    for item in told:
        waiting.pop(item, None)
