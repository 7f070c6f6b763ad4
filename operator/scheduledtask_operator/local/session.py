"""One `dev`: everything is set up, runs until it is told to stop, and is taken down again."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from scheduledtask_operator.control.controller import Controller, Ports
from scheduledtask_operator.control.machine_clock import MachineClock
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.reconcile import Defaults
from scheduledtask_operator.local.assessment import assess_each, run_problems
from scheduledtask_operator.local.board import Board
from scheduledtask_operator.local.body_journal import BodyJournal
from scheduledtask_operator.local.catalog_child import ChildCatalog
from scheduledtask_operator.local.counting import Counting
from scheduledtask_operator.local.errors import BadManifestsError, NotReadyError
from scheduledtask_operator.local.following import Following
from scheduledtask_operator.local.manifests import Manifests
from scheduledtask_operator.local.memory import LocalMemory
from scheduledtask_operator.local.process_tree import end_marked, is_below
from scheduledtask_operator.local.programs import Programs, project_of
from scheduledtask_operator.local.reloading import Reloader, catalog_problems
from scheduledtask_operator.local.secrets import LocalSecrets, missing_secrets
from scheduledtask_operator.local.server import last_log_line, start_server
from scheduledtask_operator.local.state_folder import StateFolder
from scheduledtask_operator.local.summary import TaskSummary
from scheduledtask_operator.local.supervisor import Supervised, Supervisor
from scheduledtask_operator.local.unused_here import runs_of_others, unused_here
from scheduledtask_operator.local.watchdog_process import Watchdog
from scheduledtask_operator.local.worker_pools import LocalPools

READY_POLL_SECONDS = 0.05
READY_TIMEOUT_SECONDS = 60.0  # three Python programs on a busy machine take some seconds
BODY_GRACE_SECONDS = 10.0  # what a run gets to end after Ctrl-C, before it is killed
PROGRAM_GRACE_SECONDS = 5.0
JOURNAL_PERIOD_SECONDS = 0.25
LONGEST_TEMP_BYTES = 80  # of a socket's 103 (macOS), less /stask-xxxxxxxx/runners
SHORT_TEMP = "/tmp"  # noqa: S108  what is made in it is a folder of our own


@dataclass(frozen=True, slots=True)
class DevOptions:
    """`redis_url`: a server of one's own in the place of the embedded one. `for_seconds`: None for until told.

    `secrets`: what stands for Secrets.
    """

    paths: tuple[Path, ...]
    recursive: bool
    runners: int
    redis_url: str | None
    for_seconds: float | None
    secrets: LocalSecrets


class DevSession:
    """`run` does it all; cancel it to stop, and call `cut_short` when that takes too long."""

    def __init__(self, options: DevOptions, folder: StateFolder, board: Board) -> None:
        self._options = options
        self._folder = folder
        self._board = board
        self._sockets = _folder_for_sockets()
        self._project = project_of(options.paths)
        self._programs = Programs(folder, self._sockets, self._project, options.secrets)
        self._supervisor = Supervisor(folder, board.process_ended)
        self._manifests = Manifests(options.paths, recursive=options.recursive)
        self._catalog = ChildCatalog(self._programs.plain_environment())
        self._journal = BodyJournal(folder.body_journal)
        self._pools: LocalPools | None = None
        self._watchdog: Watchdog | None = None
        self._in_a_hurry = asyncio.Event()

    async def run(self) -> list[TaskSummary]:
        """The summary of the window, empty without one. Raises LocalError."""
        try:
            await self._take_over()
            await self._read_inputs()
            redis_url, runners = await self._start_programs()
            return await self._work(redis_url, runners)
        finally:
            await self._take_down()

    def cut_short(self) -> None:
        """End every process now."""
        self._in_a_hurry.set()

    def worker_counts(self) -> dict[PoolKey, tuple[int, int]]:
        """For each pool: workers that are ready, and all that still run."""
        return self._pools.counts() if self._pools else {}

    async def _take_over(self) -> None:
        """What a dev left behind that was killed together with its watchdog."""
        await asyncio.to_thread(end_marked, str(self._folder.root))
        self._watchdog = await Watchdog.start(str(self._folder.root), self._sockets)

    async def _read_inputs(self) -> None:
        self._board.enter_phase("reading manifests and the catalog of tasks")
        result, document = self._manifests.read(), await self._catalog.open()
        self._manifests.adopt(result)
        good, refusals = await assess_each(result.resources, self._catalog)
        refusals += await run_problems(result.runs, good, self._catalog)
        missing = missing_secrets(result.resources, self._options.secrets)
        problems = [*map(str, result.problems), *catalog_problems(document), *refusals, *missing]
        if problems:
            raise BadManifestsError(problems)
        notices = (*result.notices, *unused_here(result.resources), *runs_of_others(result))
        for notice in notices:
            self._board.tell(f"note: {notice}")

    async def _start_programs(self) -> tuple[str, Supervised]:
        redis_url = self._options.redis_url
        if redis_url is None:
            self._board.enter_phase("starting the embedded server")
            redis_url = await start_server(self._supervisor, self._folder, self._programs.plain_environment())
        self._board.enter_phase("starting runners and scheduler")
        runners = await self._supervisor.start(self._programs.runners(self._options.runners))
        await self._supervisor.start(self._programs.scheduler(redis_url))
        return redis_url, runners

    async def _work(self, redis_url: str, runners: Supervised) -> list[TaskSummary]:
        make_worker = partial(self._programs.worker, redis_url)
        pools = self._pools = LocalPools(self._supervisor, make_worker, self._sockets, self._is_busy)
        controller, following = self._controller(pools)
        parts = [following.run(), *self._background(controller, following, pools, runners)]
        try:
            async with asyncio.TaskGroup() as group:
                background = [group.create_task(one) for one in parts]
                summary = await self._until_the_end(controller, following, pools)
                for task in background:
                    task.cancel()
        except BaseExceptionGroup as failures:
            raise _first(failures) from failures
        return summary

    def _controller(self, pools: LocalPools) -> tuple[Controller, Following]:
        memory = LocalMemory(self._folder)
        memory.forget_others(frozenset(self._manifests.keys()))
        clock = MachineClock()
        ports = Ports(
            resources=self._manifests,
            catalogs=self._catalog,
            memory=memory,
            leadership=memory,
            pools=pools,
            status=self._board,
            observer=self._board,
            clock=clock,
            secrets=self._options.secrets,
        )
        defaults = Defaults(artifacts_url=str(self._folder.artifacts))
        controller = Controller(ports, control_socket=self._programs.control_socket, defaults=defaults)
        following = Following(
            controller,
            self._board,
            resources=self._manifests,
            catalogs=self._catalog,
            leadership=memory,
            clock=clock,
        )
        return controller, following

    def _background(
        self, controller: Controller, following: Following, pools: LocalPools, runners: Supervised
    ) -> list[Coroutine[Any, Any, None]]:
        reloader = Reloader(self._manifests, self._catalog, controller, following, pools, runners, self._board)
        watching = reloader.watch_manifests(self._options.paths, recursive=self._options.recursive)
        code = [reloader.watch_code(self._project)] if self._project else []
        return [controller.run(), self._read_journal(), watching, *code]

    async def _until_the_end(
        self, controller: Controller, following: Following, pools: LocalPools
    ) -> list[TaskSummary]:
        await self._until_ready(controller)
        if self._options.for_seconds is None or self._board.tally is None:
            await following.ask(self._manifests.runs)
            self._board.enter_phase("running; Ctrl-C stops everything")
            await asyncio.Event().wait()
            return []
        tally, seconds, runs = self._board.tally, self._options.for_seconds, self._manifests.runs
        return await Counting(seconds, self._board, tally, self._journal, controller, following, pools, runs).run()

    async def _until_ready(self, controller: Controller) -> None:
        for _ in range(round(READY_TIMEOUT_SECONDS / READY_POLL_SECONDS)):
            if controller.is_ready:
                return
            if hopeless := self._supervisor.hopeless():
                name = hopeless.program.name
                raise NotReadyError(f"{name} ends right after its start: {last_log_line(hopeless.log_file)}")
            await asyncio.sleep(READY_POLL_SECONDS)
        raise NotReadyError(self._what_is_missing(controller))

    def _what_is_missing(self, controller: Controller) -> str:
        status = controller.scheduler
        if status is None:
            missing = "the scheduler does not answer"
        elif not status.redis_reachable:
            missing = "the scheduler does not reach Redis"
        elif not status.runners_connected:
            missing = "the runners do not answer"
        else:
            missing = "the scheduler does not take its grant"
        return f"not ready after {READY_TIMEOUT_SECONDS:g} s: {missing}; see the logs in {self._folder.logs}"

    async def _read_journal(self) -> None:
        while True:
            self._journal.read()
            if self._options.for_seconds is None:
                self._journal.forget_ended()
            await asyncio.sleep(JOURNAL_PERIOD_SECONDS)

    def _is_busy(self, worker_pid: int) -> bool:
        self._journal.read()
        return any(is_below(pid, worker_pid) for pid in self._journal.open_pids())

    async def _take_down(self) -> None:
        if self._supervisor.names:
            self._board.enter_phase("stopping; Ctrl-C again ends everything at once")
        stopping = asyncio.create_task(self._stop_in_order())
        hurry = asyncio.create_task(self._in_a_hurry.wait())
        await asyncio.wait({stopping, hurry}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        hurry.cancel()
        await self._supervisor.stop(self._supervisor.names, 0.0)
        await self._catalog.close()
        await asyncio.to_thread(end_marked, str(self._folder.root))
        if self._watchdog is not None:
            await self._watchdog.close()
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._board.phase = "stopped"

    async def _stop_in_order(self) -> None:
        """Bodies first, so that the scheduler can write down how they ended; the server last."""
        others = ("scheduler", "server")
        bodies = [name for name in self._supervisor.names if name not in others]
        await self._supervisor.stop(bodies, BODY_GRACE_SECONDS)
        for name in others:
            await self._supervisor.stop([name], PROGRAM_GRACE_SECONDS)


def _folder_for_sockets() -> Path:
    """In the temporary folder, or in /tmp where that one's name leaves no room for a socket's."""
    usual = tempfile.gettempdir()
    folder = usual if len(os.fsencode(usual)) <= LONGEST_TEMP_BYTES else SHORT_TEMP
    return Path(tempfile.mkdtemp(prefix="stask-", dir=folder))


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The cause that a person can act on; the group is its context."""
    causes: Sequence[BaseException] = failures.exceptions
    return _first(causes[0]) if isinstance(causes[0], BaseExceptionGroup) else causes[0]
