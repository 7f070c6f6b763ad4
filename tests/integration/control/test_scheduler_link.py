"""Socket A from the control plane's end, against the scheduler's own server: it may come and go at any time."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_workloads.contract import Job, TaskClass, TaskKey
from scheduledtask_workloads.contract.messages import ControlToScheduler, Grant, SchedulerStatus, SchedulerToControl
from scheduledtask_workloads.scheduler.control_server import ControlServer

STATUS = SchedulerStatus(jobs=0, redis_reachable=True, runners_connected=True, runs_in_flight=0)


def job(name: str, timeout_seconds: float = 300.0) -> Job:
    return Job(
        namespace="default",
        name=name,
        task_class=TaskClass.LIGHT,
        task="system-health",
        timeout_seconds=timeout_seconds,
    )


class Socket:
    """One path, a link on one end; a server on the other when a test says so."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[ControlToScheduler] = []
        self.told: list[SchedulerToControl] = []
        self.connections: list[bool] = []
        self.link = SchedulerLink(path, receive=self.told.append, connected=self.connections.append)

    @contextlib.asynccontextmanager
    async def scheduler(self) -> AsyncIterator[ControlServer]:
        """Until the end of the block; what it heard before is forgotten."""
        self.heard.clear()

        async def hear(message: ControlToScheduler) -> None:
            self.heard.append(message)

        server = ControlServer(self.path, hear)
        await server.open()
        task = asyncio.create_task(server.serve())
        try:
            yield server
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def words(self) -> list[str]:
        return [message.type for message in self.heard]


@pytest.fixture
def with_link():
    """Runs a scenario beside a link that was started."""

    def run(scenario: Callable[[Socket], Awaitable[None]], *first: Job) -> None:
        async def whole() -> None:
            with tempfile.TemporaryDirectory() as folder:
                socket = Socket(Path(folder) / "control")
                for one in first:
                    socket.link.put(one)
                running = asyncio.create_task(socket.link.run())
                try:
                    await scenario(socket)
                finally:
                    running.cancel()
                    await asyncio.gather(running, return_exceptions=True)

        asyncio.run(whole())

    return run


async def until(condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about")


def test_a_scheduler_that_comes_late_hears_of_every_job(with_link) -> None:
    async def scenario(socket: Socket) -> None:
        async with socket.scheduler():
            await until(lambda: len(socket.heard) == 4)
            assert socket.words() == ["control-hello", "job-put", "job-put", "jobs-complete"]

    with_link(scenario, job("a"), job("b"))


def test_only_what_changed_is_said_on_a_connection_that_stands(with_link) -> None:
    async def scenario(socket: Socket) -> None:
        async with socket.scheduler():
            await until(lambda: "jobs-complete" in socket.words())
            socket.link.put(job("a"))
            socket.link.put(job("a", timeout_seconds=60))
            socket.link.remove(TaskKey("default", "a"))
            socket.link.remove(TaskKey("default", "a"))
            await until(lambda: "job-removed" in socket.words())
            assert socket.words()[3:] == ["job-put", "job-removed"]

    with_link(scenario, job("a"))


def test_the_newest_grant_and_a_stop_of_firing_reach_a_scheduler_that_comes_later(with_link) -> None:
    async def scenario(socket: Socket) -> None:
        for deadline in (1.0, 2.0):
            socket.link.grant(Grant(fence=7, deadline_boottime_seconds=deadline))
        socket.link.stop_firing()
        async with socket.scheduler():
            await until(lambda: len(socket.heard) == 4)
            assert socket.words() == ["control-hello", "jobs-complete", "stop-firing", "grant"]
            assert socket.heard[-1] == Grant(fence=7, deadline_boottime_seconds=2.0)

    with_link(scenario)


def test_what_the_scheduler_tells_is_received(with_link) -> None:
    async def scenario(socket: Socket) -> None:
        async with socket.scheduler() as scheduler:
            await until(lambda: scheduler.connected)
            scheduler.tell([STATUS])
            await until(lambda: STATUS in socket.told)
            assert socket.connections == [True]

    with_link(scenario)
