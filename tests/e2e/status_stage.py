"""A status writer on a real API server: a namespace, a front that can refuse or be away, and what was written."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import uuid4

from tests.api_front import ApiFront, cancelled, until
from tests.cluster.cluster import Api
from tests.status_values import light

from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.kinds import SCHEDULED_TASKS
from scheduledtask_operator.cluster.observed_status import ObservedStatus
from scheduledtask_operator.cluster.status_writer import StatusWriter
from scheduledtask_operator.cluster.write_queue import WriteBudget
from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_workloads.contract import TaskKey

QUICK = WriteBudget(routine_period_seconds=1.5, failure_period_seconds=0.3, settle_seconds=0.2, writes_per_second=10)
PATCH, STATUS = "PATCH", "/status"
SCENARIO_SECONDS = 150


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def boottime_seconds(self) -> float:
        return monotonic()


@dataclass
class Leader:
    number: int | None = 1

    def fence(self) -> int | None:
        return self.number


@dataclass
class Told:
    written: list[tuple[TaskKey, Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=list)

    def status_written(self, key: TaskKey, uid: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        self.written.append((key, before, after))


class Stage:
    """A namespace, a writer in it, and the eyes of a watch that looks when it is told to."""

    def __init__(self, front: ApiFront, client: Client, namespace: str, leader: Leader) -> None:
        self.front = front
        self.client = client
        self.namespace = namespace
        self.leader = leader
        self.told = Told()
        self.seen: dict[TaskKey, ObservedStatus] = {}
        self.writer = StatusWriter(
            client=client,
            leadership=leader,
            clock=RealClock(),
            observed=lambda key: self.seen.get(key),
            transitions=self.told,
            budget=QUICK,
        )

    def key(self, name: str) -> TaskKey:
        return TaskKey(self.namespace, name)

    async def make(self, *names: str) -> None:
        await asyncio.gather(*map(self._create, names))
        await self.look()

    async def _create(self, name: str) -> None:
        await self.client.create(
            SCHEDULED_TASKS.path(self.namespace),
            {
                "apiVersion": SCHEDULED_TASKS.api_version,
                "kind": "ScheduledTask",
                "metadata": {"name": name},
                "spec": {"task": "report", "schedule": "@daily"},
            },
        )

    async def look(self) -> None:
        """As a watch would, at once."""
        items = (await self.client.get(SCHEDULED_TASKS.path(self.namespace)))["items"]
        self.seen = {self.key(item["metadata"]["name"]): ObservedStatus.of(item) for item in items}
        for key in self.seen:
            self.writer.watched(key)

    async def settle(self, tasks: int, *more: str) -> list[str]:
        """Makes so many, and `more` by name; returns the names of the many when each has its first status."""
        names = [f"task-{number}" for number in range(tasks)]
        await self.make(*names, *more)
        self.want_all((*names, *more), light())
        await self.quiet()
        return names

    def want_all(self, names: Iterable[str], status: TaskStatus) -> None:
        for name in names:
            self.want(name, status)

    def want(self, name: str, status: TaskStatus) -> None:
        self.writer.write(self.key(name), status)

    async def status(self, name: str) -> dict[str, Any]:
        item = await self.client.get(SCHEDULED_TASKS.path(self.namespace, name))
        status: dict[str, Any] = item.get("status") or {}
        return status

    async def quiet(self, timeout_seconds: float = 60.0) -> None:
        await until(lambda: self.writer.pending == 0, "everything is written", timeout_seconds)

    def writes(self) -> int:
        return self.front.count(PATCH, STATUS)


@asynccontextmanager
async def stage(api: Api, *, leads: bool = True) -> AsyncIterator[Stage]:
    namespace = f"status-{uuid4().hex[:8]}"
    async with ApiFront(api) as front, front.client() as client:
        await client.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        here = Stage(front, client, namespace, Leader(1 if leads else None))
        task = asyncio.create_task(here.writer.run())
        try:
            yield here
        finally:
            await cancelled(task)
            if front.is_away:
                await front.come_back()
            front.refuse = lambda _method, _path: None
            await client.delete(f"{SCHEDULED_TASKS.path(namespace)}")
            await client.delete(f"/api/v1/namespaces/{namespace}")


Scenario = Callable[[Stage], Awaitable[None]]
Play = Callable[..., None]


def player(api: Api) -> Play:
    """Plays a scenario on a stage of its own; `leads` says whether its writer leads from the beginning."""

    def play(scenario: Scenario, *, leads: bool = True) -> None:
        async def whole() -> None:
            async with stage(api, leads=leads) as here:
                await asyncio.wait_for(scenario(here), SCENARIO_SECONDS)

        asyncio.run(whole())

    return play
