"""Events as `kubectl describe` shows them: of failures and transitions, counted, by the leader alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from tests.api_front import ApiFront, cancelled, until
from tests.cluster.cluster import Api
from tests.status_values import NOW, heavy, light, pool, run

from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.events import KubernetesEvents
from scheduledtask_operator.cluster.kinds import SCHEDULED_TASKS
from scheduledtask_operator.cluster.observed_status import ObservedStatus
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status_document import status_document
from scheduledtask_operator.decisions.scaling import ScaleDecision
from scheduledtask_workloads.contract import Reason, RunRecord, RunState, TaskKey
from scheduledtask_workloads.contract.messages import SlotsSkipped

NAME = "report"


class Leader:
    def __init__(self, number: int | None) -> None:
        self.number = number

    def fence(self) -> int | None:
        return self.number


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def boottime_seconds(self) -> float:
        return monotonic()


class Stage:
    """A namespace with a ScheduledTask, and who records Events of it."""

    def __init__(self, api: Api, front: ApiFront, client: Client, namespace: str, number: int | None) -> None:
        self.api = api
        self.front = front
        self.client = client
        self.key = TaskKey(namespace, NAME)
        self.leader = Leader(number)
        self.observed: dict[TaskKey, ObservedStatus] = {}
        self.events = KubernetesEvents(
            client=client,
            leadership=self.leader,
            clock=RealClock(),
            observed=lambda key: self.observed.get(key),
            members=lambda pool: [self.key] if pool == PoolKey(namespace, NAME) else [],
            instance="operator-0",
        )

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.key.namespace}/events"

    def ended(self, state: RunState, **fields: Any) -> RunRecord:
        """A run that ended just now."""
        now = datetime.now(UTC).timestamp()
        times = {"admitted_at": now - 1, "started_at": now - 1, "ended_at": now if state.final else None}
        return run(1, state, self.key, **{**times, **fields})

    async def recorded(self) -> dict[str, tuple[int, str]]:
        """By reason: how often, and the newest words."""
        items = (await self.client.get(self.path))["items"]
        return {item["reason"]: (item["count"], item["message"]) for item in items}

    async def make(self) -> None:
        body = {
            "apiVersion": SCHEDULED_TASKS.api_version,
            "kind": "ScheduledTask",
            "metadata": {"name": NAME},
            "spec": {"task": "report", "schedule": "@daily"},
        }
        self.observed[self.key] = ObservedStatus.of(
            await self.client.create(SCHEDULED_TASKS.path(self.key.namespace), body)
        )


@asynccontextmanager
async def stage(api: Api, number: int | None = 1) -> AsyncIterator[Stage]:
    namespace = f"events-{uuid4().hex[:8]}"
    async with ApiFront(api) as front, front.client() as client:
        await client.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        here = Stage(api, front, client, namespace, number)
        await here.make()
        task = asyncio.create_task(here.events.run())
        try:
            yield here
        finally:
            await cancelled(task)
            if front.is_away:
                await front.come_back()
            await client.delete(SCHEDULED_TASKS.path(namespace))
            await client.delete(f"/api/v1/namespaces/{namespace}")


async def eventually(here: Stage, reasons: set[str], times: int = 1) -> dict[str, tuple[int, str]]:
    """Raises AssertionError when not all of them are recorded, so often at least, in time."""
    deadline, recorded = monotonic() + 60, await here.recorded()
    while not all(recorded.get(reason, (0, ""))[0] >= times for reason in reasons):
        assert monotonic() < deadline, f"only {recorded}"
        await asyncio.sleep(0.1)
        recorded = await here.recorded()
    return recorded


def test_describe_tells_the_story(api: Api) -> None:
    async def scenario() -> None:
        async with stage(api) as here:
            stuck = status_document(heavy(pool=pool(problem="0/3 nodes are available")), {}, NOW)
            here.events.status_written(here.key, "", {}, status_document(heavy(), {}, NOW))
            here.events.pool_scaled(PoolKey(*here.key), 0, ScaleDecision(1, "1 run(s) waiting or running"))
            here.events.status_written(here.key, "", status_document(heavy(), {}, NOW), stuck)
            here.events.run_changed(here.ended(RunState.FAILED, message="no such table"))
            await eventually(here, {"ClassDecided", "PoolScaledUp", "WorkersNotStarting", "RunFailed"})

            said = await asyncio.to_thread(api.kubectl, "describe", "stask", NAME, f"-n{here.key.namespace}")
            events = said[said.index("\nEvents:") :]
            lines = [" ".join(line.split()) for line in events.splitlines()]
            for type_, reason, message in (
                ("Normal", "ClassDecided", "Heavy: runtime: 10m"),
                ("Normal", "PoolScaledUp", "pool report: 0 -> 1 workers: 1 run(s) waiting or running"),
                ("Warning", "WorkersNotStarting", "0/3 nodes are available"),
                ("Warning", "RunFailed", "run report-1 ended after 1s: Raised: no such table"),
            ):
                assert any(line.startswith(f"{type_} {reason}") and message in line for line in lines), events
            assert "scheduledtask" in events

    asyncio.run(scenario())


def test_a_run_that_succeeds_and_what_happened_before_have_none(api: Api) -> None:
    async def scenario() -> None:
        async with stage(api) as here:
            here.events.run_changed(here.ended(RunState.STARTED))
            here.events.run_changed(here.ended(RunState.SUCCEEDED))
            here.events.history_read(here.ended(RunState.FAILED))
            here.events.run_changed(run(1, RunState.FAILED, here.key, admitted_at=1.0, started_at=1.0, ended_at=2.0))
            here.events.run_changed(here.ended(RunState.TIMED_OUT))

            assert set(await eventually(here, {"RunTimedOut"})) == {"RunTimedOut"}

    asyncio.run(scenario())


def test_what_happens_again_is_counted_in_one_event(api: Api) -> None:
    async def scenario() -> None:
        async with stage(api) as here:
            skipped = {"namespace": here.key.namespace, "name": NAME, "reason": Reason.OVERLAP}
            for number in range(40):
                slot = int(NOW.timestamp()) + number
                here.events.slots_skipped(SlotsSkipped(**skipped, count=2, last_slot_epoch_seconds=slot))
            await eventually(here, {"SlotsSkipped"})

            count, words = (await here.recorded())["SlotsSkipped"]
            assert (count, words) == (80, "2 slots, the last of 2026-11-22T12:00:39Z skipped: Overlap")
            assert here.front.count("POST", here.path) == 1

            here.events.slots_skipped(SlotsSkipped(**skipped, count=1, last_slot_epoch_seconds=0))
            assert (await eventually(here, {"SlotsSkipped"}, times=81))["SlotsSkipped"][0] == 81
            assert here.front.count("POST", here.path) == 1

    asyncio.run(scenario())


def test_a_standby_records_nothing_and_nothing_of_then_when_it_leads(api: Api) -> None:
    async def scenario() -> None:
        async with stage(api, number=None) as here:
            here.events.run_changed(here.ended(RunState.FAILED))
            here.events.status_written(here.key, "", {}, status_document(light(), {}, NOW))
            await asyncio.sleep(0.6)  # longer than it takes a leader to look
            here.leader.number = 5
            here.events.run_changed(here.ended(RunState.CANCELLED))

            assert set(await eventually(here, {"RunCancelled"})) == {"RunCancelled"}

    asyncio.run(scenario())


def test_a_new_leader_is_an_event_of_its_lease(api: Api) -> None:
    async def scenario() -> None:
        async with stage(api) as here:
            leases = f"/apis/coordination.k8s.io/v1/namespaces/{here.key.namespace}/leases"
            lease = await here.client.create(leases, {"metadata": {"name": "scheduledtask-operator"}, "spec": {}})
            here.events.leader_changed(lease)

            assert (await eventually(here, {"LeaderChanged"}))["LeaderChanged"] == (1, "operator-0 leads")

    asyncio.run(scenario())


@pytest.mark.parametrize("trouble", ["away", "overloaded"])
def test_what_happened_while_the_api_server_could_not_be_asked_is_recorded_later(api: Api, trouble: str) -> None:
    async def scenario() -> None:
        async with stage(api) as here:
            known = len(here.front.asked)
            if trouble == "away":
                await here.front.go_away()
            else:
                here.front.refuse = lambda method, _path: 429 if method == "POST" else None
            here.events.run_changed(here.ended(RunState.FAILED))
            await asyncio.sleep(2.0)
            assert len(here.front.asked) - known <= 4

            here.front.refuse = lambda _method, _path: None
            if trouble == "away":
                await here.front.come_back()
            assert set(await eventually(here, {"RunFailed"})) == {"RunFailed"}

    asyncio.run(scenario())


def test_an_event_that_is_refused_for_itself_is_let_go(api: Api) -> None:
    async def scenario() -> None:
        async with stage(api) as here:
            here.front.refuse = lambda method, _path: 403 if method == "POST" else None
            here.events.run_changed(here.ended(RunState.FAILED))
            await until(lambda: here.front.count("POST", here.path) == 1, "it is tried")
            here.front.refuse = lambda _method, _path: None
            here.events.run_changed(here.ended(RunState.CANCELLED))

            assert set(await eventually(here, {"RunCancelled"})) == {"RunCancelled"}

    asyncio.run(scenario())


def test_one_that_is_older_than_the_api_server_keeps_them_is_recorded_anew(api: Api) -> None:
    async def scenario() -> None:
        async with stage(api) as here:
            here.events.run_changed(here.ended(RunState.FAILED))
            await eventually(here, {"RunFailed"})
            await here.client.delete(here.path)
            here.events.run_changed(here.ended(RunState.FAILED, message="again"))

            count, words = (await eventually(here, {"RunFailed"}))["RunFailed"]
            assert count == 1
            assert "again" in words

    asyncio.run(scenario())
