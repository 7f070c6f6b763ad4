"""Runs outside of schedules, on one machine: those that follow the ends of others, and those that manifests ask for."""

import asyncio
from collections.abc import Iterable

from scheduledtask_operator.api import ParsedRun
from scheduledtask_operator.control.controller import Controller
from scheduledtask_operator.control.ports import Catalogs, Clock, Leadership, Resources
from scheduledtask_operator.control.requests import RequestController
from scheduledtask_operator.control.triggers import Triggers
from scheduledtask_operator.local.board import Board
from scheduledtask_operator.local.run_requests import LocalRunRequests
from scheduledtask_workloads.contract.messages import SchedulerToControl


class Following:
    """Make it before the controller runs; `run` until cancelled."""

    def __init__(
        self,
        controller: Controller,
        board: Board,
        *,
        resources: Resources,
        catalogs: Catalogs,
        leadership: Leadership,
        clock: Clock,
    ) -> None:
        self._asked = LocalRunRequests()
        self._requests = RequestController(
            requests=self._asked,
            resources=resources,
            catalogs=catalogs,
            link=controller.link,
            leadership=leadership,
            clock=clock,
        )
        self._triggers = Triggers(
            book=controller.triggers,
            requests=self._asked,
            resources=resources,
            link=controller.link,
            leadership=leadership,
            observer=board,
            clock=clock,
        )
        self._asked.changed = self._requests.changed
        self._asked.refused = board.request_refused
        board.ears.append(self._hear)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._requests.run())
            group.create_task(self._triggers.run())

    async def ask(self, runs: Iterable[ParsedRun]) -> None:
        """Each once, however often its manifest is read."""
        for parsed in runs:
            await self._asked.apply(parsed)

    @property
    def is_idle(self) -> bool:
        """Whether every run that is known to follow has ended."""
        asked = (self._asked.get(key) for key in self._asked.keys())  # noqa: SIM118  no mapping
        return self._triggers.is_idle and all(run is None or (run.status and run.status.ended) for run in asked)

    def _hear(self, message: SchedulerToControl) -> None:
        self._triggers.hear(message)
        self._requests.hear(message)
