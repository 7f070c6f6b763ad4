"""Statuses whose API server refuses, is overloaded or away, and those of one who goes: what can be written is."""

import asyncio

import pytest
from tests.api_front import until
from tests.cluster.cluster import Api
from tests.e2e.status_stage import PATCH, Play, Stage, player
from tests.status_values import ended, light, runs

from scheduledtask_workloads.contract import RunState


@pytest.fixture
def play(api: Api) -> Play:
    return player(api)


def test_an_object_that_is_refused_for_ever_holds_up_no_other_and_is_asked_for_ever_more_seldom(
    play: Play,
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
def test_an_overloaded_server_is_left_in_peace_for_a_while_and_nothing_is_lost(play: Play, status: int) -> None:
    async def scenario(here: Stage) -> None:
        names = [f"task-{number}" for number in range(40)]
        await here.make(*names)
        here.front.refuse = lambda method, _path: status if method == PATCH else None
        here.want_all(names, light())
        await until(lambda: here.writes() > 16, "it was tried again")
        await asyncio.sleep(1.0)
        assert here.writes() < 100

        here.front.refuse = lambda _method, _path: None
        await here.quiet()
        assert {(await here.status(name))["state"] for name in names} == {"Scheduled"}

    play(scenario)


def test_what_changed_while_the_api_server_was_away_is_right_soon_after(play: Play) -> None:
    async def scenario(here: Stage) -> None:
        names = await here.settle(20)
        await here.front.go_away()
        here.want_all(names, light(generation=2, runs=runs(ended(RunState.FAILED))))
        await asyncio.sleep(3.0)
        assert here.writer.pending == 20

        await here.front.come_back()
        await here.quiet(timeout_seconds=30)
        statuses = [await here.status(name) for name in names]
        assert {status["observedGeneration"] for status in statuses} == {2}
        assert {status["state"] for status in statuses} == {"RunsFailing"}

    play(scenario)


def test_a_flush_writes_what_would_have_waited(play: Play) -> None:
    async def scenario(here: Stage) -> None:
        names = await here.settle(30)
        here.want_all(names, light(runs=runs(ended(RunState.SUCCEEDED))))

        assert await here.writer.flush(10)
        assert here.writes() == 60

    play(scenario)


def test_a_flush_that_cannot_says_so_in_time(play: Play) -> None:
    async def scenario(here: Stage) -> None:
        await here.make("a")
        await here.front.go_away()
        here.want("a", light())

        assert not await here.writer.flush(1.0)

    play(scenario)
