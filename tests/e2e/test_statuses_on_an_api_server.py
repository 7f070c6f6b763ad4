"""Statuses reach the API server: within the budget, after a take-over, past conflicts and outages; none is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from tests.api_front import ApiFront, cancelled, until
from tests.cluster.cluster import Api
from tests.status_values import NOW, READY, ended, heavy, job, light, pool, run, runs

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.kinds import SCHEDULED_TASKS
from scheduledtask_operator.cluster.observed_status import ObservedStatus
from scheduledtask_operator.cluster.status_writer import StatusWriter
from scheduledtask_operator.cluster.write_queue import WriteBudget
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status import Condition, TaskStatus
from scheduledtask_operator.control.status_document import status_document
from scheduledtask_workloads.contract import RunState, TaskClass, TaskKey

QUICK = WriteBudget(routine_period_seconds=1.5, failure_period_seconds=0.3, settle_seconds=0.2, writes_per_second=10)
PATCH, STATUS = "PATCH", "/status"
BAD = Condition(False, ConditionReason.BAD_ARGUMENTS, "spec.arguments.days: -1 is less than 1; write 1 or more")


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


@pytest.fixture
def play(api: Api) -> Iterator[Callable[..., None]]:
    def play_it(scenario: Scenario, *, leads: bool = True) -> None:
        async def whole() -> None:
            async with stage(api, leads=leads) as here:
                await asyncio.wait_for(scenario(here), 150)

        asyncio.run(whole())

    return play_it


def test_the_api_server_keeps_every_field_that_is_written(play: Callable[..., None]) -> None:
    """What it prunes would differ, and be written, for ever."""

    async def scenario(here: Stage) -> None:
        await here.make("full")
        status = heavy(
            condition=BAD,
            runs=runs(
                [run(1, RunState.FAILED, message="no such table", host="w", peak_memory_bytes=5**12)],
                [run(2, RunState.WAITING, retry_at=NOW.timestamp(), host="w")],
            ),
            pool=pool(problem="0/3 nodes", conflict="another image", startup_seconds=3.0),
        )
        here.want("full", status)
        await here.quiet()

        (_, _, wanted) = here.told.written[0]
        assert await here.status("full") == wanted
        await here.look()
        await here.quiet()
        assert here.writes() == 1

    play(scenario)


def test_a_burst_of_new_objects_is_written_without_waiting_for_the_budget(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        names = [f"task-{number}" for number in range(30)]
        await here.make(*names)
        for name in names:
            here.want(name, light())
        await here.quiet()

        assert here.writes() == 30
        assert {(await here.status(name))["class"] for name in names[::5]} == {"Light"}

    play(scenario)


def test_routine_changes_share_one_write_a_period(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        await here.make("busy")
        here.want("busy", light())
        await here.quiet()
        started = monotonic()
        for number in range(200):
            here.want("busy", light(runs=runs(ended(*[RunState.SUCCEEDED] * (1 + number % 3)))))
            await asyncio.sleep(0.02)
        await here.quiet()
        took = monotonic() - started

        assert 2 <= here.writes() <= 2 + took / QUICK.routine_period_seconds

    play(scenario)


def test_all_routine_writes_together_stay_within_the_rate(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        names = [f"task-{number}" for number in range(30)]
        await here.make(*names)
        for name in names:
            here.want(name, light())
        await here.quiet()
        for name in names:
            here.want(name, light(runs=runs(ended(RunState.SUCCEEDED))))
        await here.quiet()

        times = sorted(asked.at for asked in here.front.asked if asked.path.endswith(STATUS))[30:]
        assert len(times) == 30
        burst_and_rate = QUICK.writes_per_second * (times[-1] - times[0] + 1) + 1
        assert len(times) <= burst_and_rate
        assert times[-1] - times[0] >= (30 - QUICK.writes_per_second) / QUICK.writes_per_second - 0.2

    play(scenario)


def test_a_failure_is_written_before_what_is_routine(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        names = [f"task-{number}" for number in range(30)]
        await here.make(*names, "failing")
        for name in (*names, "failing"):
            here.want(name, light())
        await here.quiet()
        known = here.writes()
        for name in names:
            here.want(name, light(runs=runs(ended(RunState.SUCCEEDED))))
        here.want("failing", light(runs=runs(ended(RunState.FAILED))))
        await here.quiet()

        order = [asked.path for asked in here.front.asked if asked.path.endswith(STATUS)][known:]
        assert order[0] == SCHEDULED_TASKS.path(here.namespace, "failing", "status")

    play(scenario)


def test_a_standby_writes_nothing_and_a_new_leader_all_that_differs(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        await here.make("same", "other", "new")
        path = SCHEDULED_TASKS.path(here.namespace, "same", "status")
        for name, status in (("same", light()), ("other", light(condition=BAD))):
            path = SCHEDULED_TASKS.path(here.namespace, name, "status")
            await here.client.merge(path, {"status": status_document(status, {}, NOW)})
        await here.look()
        for name in ("same", "other", "new"):
            here.want(name, light())
        known = here.writes()
        await asyncio.sleep(0.5)  # long enough for a leader to have written
        assert here.writes() == known
        assert here.writer.pending == 0

        here.leader.number = 2
        await until(lambda: here.writes() == known + 2, "the two that differ are written")
        await here.quiet()

        assert here.writes() == known + 2
        assert (await here.status("other"))["state"] == "Scheduled"
        assert (await here.status("new"))["state"] == "Scheduled"

    play(scenario, leads=False)


def test_who_stops_leading_stops_writing(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        names = [f"task-{number}" for number in range(30)]
        await here.make(*names)
        here.leader.number = None
        for name in names:
            here.want(name, light())
        await asyncio.sleep(0.5)  # long enough for a leader to have written

        assert here.writes() == 0

    play(scenario)


def test_what_somebody_else_wrote_is_put_right(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        await here.make("edited")
        here.want("edited", light())
        await here.quiet()
        path = SCHEDULED_TASKS.path(here.namespace, "edited", "status")
        await here.client.merge(path, {"status": {"class": "Heavy", "nextRunTime": None}})
        await here.look()
        await here.quiet()

        status = await here.status("edited")
        assert (status["class"], status["nextRunTime"]) == ("Light", "2026-11-22T12:00:00Z")

    play(scenario)


def test_a_conflict_is_tried_again_when_the_watch_has_seen_more(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        await here.make("raced")
        path = SCHEDULED_TASKS.path(here.namespace, "raced")
        await here.client.merge(path, {"metadata": {"labels": {"by": "somebody"}}})
        here.want("raced", light())  # the watch has not seen the label yet
        await until(lambda: here.writes() >= 2, "it was refused, and tried again")
        assert await here.status("raced") == {}

        await here.look()
        await here.quiet()
        assert (await here.status("raced"))["state"] == "Scheduled"

    play(scenario)


def test_an_object_made_anew_under_the_same_name_does_not_get_the_status_of_the_old_one(
    play: Callable[..., None],
) -> None:
    async def scenario(here: Stage) -> None:
        await here.make("again")
        await here.client.delete(SCHEDULED_TASKS.path(here.namespace, "again"))
        old = here.seen[here.key("again")]
        await here.make("again")
        new, here.seen[here.key("again")] = here.seen[here.key("again")], old
        here.want("again", light(runs=runs(ended(RunState.FAILED))))
        await until(lambda: here.writes() >= 2, "it was refused, and tried again")

        assert await here.status("again") == {}
        here.writer.forget(here.key("again"))
        here.seen[here.key("again")] = new
        here.want("again", light())
        await here.quiet()
        assert "history" not in await here.status("again")

    play(scenario)


def test_a_deleted_object_is_let_go(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        await here.make("gone", "here")
        await here.client.delete(SCHEDULED_TASKS.path(here.namespace, "gone"))
        here.want("gone", light())
        here.want("here", light())
        await until(lambda: here.writes() >= 3, "the one that is gone is tried again")
        here.writer.forget(here.key("gone"))
        await here.quiet()

        assert (await here.status("here"))["state"] == "Scheduled"

    play(scenario)


def test_an_object_that_is_refused_for_ever_holds_up_no_other_and_is_asked_for_ever_more_seldom(
    play: Callable[..., None],
) -> None:
    async def scenario(here: Stage) -> None:
        await here.make("refused", *(f"task-{number}" for number in range(20)))
        here.front.refuse = lambda method, path: 422 if method == PATCH and "refused" in path else None
        here.want("refused", light())
        for number in range(20):
            here.want(f"task-{number}", light())
        await until(lambda: here.writes() - here.front.count(PATCH, "refused") == 20, "the others are written")
        await asyncio.sleep(2.0)
        assert here.front.count(PATCH, "refused") <= 4

        here.front.refuse = lambda _method, _path: None
        await here.quiet()
        assert (await here.status("refused"))["state"] == "Scheduled"

    play(scenario)


@pytest.mark.parametrize("status", [429, 503])
def test_an_overloaded_server_is_left_in_peace_for_a_while_and_nothing_is_lost(
    play: Callable[..., None], status: int
) -> None:
    async def scenario(here: Stage) -> None:
        names = [f"task-{number}" for number in range(40)]
        await here.make(*names)
        here.front.refuse = lambda method, _path: status if method == PATCH else None
        for name in names:
            here.want(name, light())
        await until(lambda: here.writes() > 16, "it was tried again")
        await asyncio.sleep(1.0)
        assert here.writes() < 100

        here.front.refuse = lambda _method, _path: None
        await here.quiet()
        assert {(await here.status(name))["state"] for name in names} == {"Scheduled"}

    play(scenario)


def test_what_changed_while_the_api_server_was_away_is_right_soon_after(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        names = [f"task-{number}" for number in range(20)]
        await here.make(*names)
        for name in names:
            here.want(name, light())
        await here.quiet()
        await here.front.go_away()
        for name in names:
            here.want(name, light(generation=2, runs=runs(ended(RunState.FAILED))))
        await asyncio.sleep(3.0)
        assert here.writer.pending == 20

        await here.front.come_back()
        await here.quiet(timeout_seconds=30)
        statuses = [await here.status(name) for name in names]
        assert {status["observedGeneration"] for status in statuses} == {2}
        assert {status["state"] for status in statuses} == {"RunsFailing"}

    play(scenario)


def test_a_flush_writes_what_would_have_waited(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        names = [f"task-{number}" for number in range(30)]
        await here.make(*names)
        for name in names:
            here.want(name, light())
        await here.quiet()
        for name in names:
            here.want(name, light(runs=runs(ended(RunState.SUCCEEDED))))

        assert await here.writer.flush(10)
        assert here.writes() == 60

    play(scenario)


def test_a_flush_that_cannot_says_so_in_time(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        await here.make("a")
        await here.front.go_away()
        here.want("a", light())

        assert not await here.writer.flush(1.0)

    play(scenario)


def test_the_members_of_a_pool_are_those_that_it_serves(play: Callable[..., None]) -> None:
    async def scenario(here: Stage) -> None:
        one = here.key("one")
        here.writer.write(one, heavy(key=one, job=job(TaskClass.HEAVY, one)))
        here.want("two", light(condition=READY))

        assert here.writer.members(PoolKey(here.namespace, "one")) == [one]

    play(scenario)
