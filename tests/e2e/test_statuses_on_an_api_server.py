"""Statuses reach the API server: within the budget, after a take-over, past conflicts; none is lost."""

import asyncio
from time import monotonic

import pytest
from tests.api_front import until
from tests.cluster.cluster import Api
from tests.e2e.status_stage import QUICK, STATUS, Play, Stage, player
from tests.status_values import NOW, READY, ended, heavy, job, light, pool, run, runs

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.cluster.kinds import SCHEDULED_TASKS
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status import Condition
from scheduledtask_operator.control.status_document import status_document
from scheduledtask_workloads.contract import RunState, TaskClass

BAD = Condition(False, ConditionReason.BAD_ARGUMENTS, "spec.arguments.days: -1 is less than 1; write 1 or more")


@pytest.fixture
def play(api: Api) -> Play:
    return player(api)


def test_the_api_server_keeps_every_field_that_is_written(play: Play) -> None:
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


def test_a_burst_of_new_objects_is_written_without_waiting_for_the_budget(play: Play) -> None:
    async def scenario(here: Stage) -> None:
        names = await here.settle(30)

        assert here.writes() == 30
        assert {(await here.status(name))["class"] for name in names[::5]} == {"Light"}

    play(scenario)


def test_routine_changes_share_one_write_a_period(play: Play) -> None:
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


def test_all_routine_writes_together_stay_within_the_rate(play: Play) -> None:
    async def scenario(here: Stage) -> None:
        names = await here.settle(30)
        here.want_all(names, light(runs=runs(ended(RunState.SUCCEEDED))))
        await here.quiet()

        times = sorted(asked.at for asked in here.front.asked if asked.path.endswith(STATUS))[30:]
        assert len(times) == 30
        burst_and_rate = QUICK.writes_per_second * (times[-1] - times[0] + 1) + 1
        assert len(times) <= burst_and_rate
        assert times[-1] - times[0] >= (30 - QUICK.writes_per_second) / QUICK.writes_per_second - 0.2

    play(scenario)


def test_a_failure_is_written_before_what_is_routine(play: Play) -> None:
    async def scenario(here: Stage) -> None:
        names = await here.settle(30, "failing")
        known = here.writes()
        here.want_all(names, light(runs=runs(ended(RunState.SUCCEEDED))))
        here.want("failing", light(runs=runs(ended(RunState.FAILED))))
        await here.quiet()

        order = [asked.path for asked in here.front.asked if asked.path.endswith(STATUS)][known:]
        assert order[0] == SCHEDULED_TASKS.path(here.namespace, "failing", "status")

    play(scenario)


def test_a_standby_writes_nothing_and_a_new_leader_all_that_differs(play: Play) -> None:
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


def test_who_stops_leading_stops_writing(play: Play) -> None:
    async def scenario(here: Stage) -> None:
        names = [f"task-{number}" for number in range(30)]
        await here.make(*names)
        here.leader.number = None
        here.want_all(names, light())
        await asyncio.sleep(0.5)  # long enough for a leader to have written

        assert here.writes() == 0

    play(scenario)


def test_what_somebody_else_wrote_is_put_right(play: Play) -> None:
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


def test_a_conflict_is_tried_again_when_the_watch_has_seen_more(play: Play) -> None:
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
    play: Play,
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


def test_a_deleted_object_is_let_go(play: Play) -> None:
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


def test_the_members_of_a_pool_are_those_that_it_serves(play: Play) -> None:
    async def scenario(here: Stage) -> None:
        one = here.key("one")
        here.writer.write(one, heavy(key=one, job=job(TaskClass.HEAVY, one)))
        here.want("two", light(condition=READY))

        assert here.writer.members(PoolKey(here.namespace, "one")) == [one]

    play(scenario)
