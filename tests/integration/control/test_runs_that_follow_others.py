"""From the end of a run to the run that follows it, between objects in memory and a real scheduler."""

from itertools import count

from tests.integration.control.requests_loop import Beginning, Play, RequestsLoop, Term
from tests.integration.scheduler.rig import light_job
from tests.run_objects import RunObjects, run_manifest

from scheduledtask_operator.control.run_requests import RequestKey
from scheduledtask_workloads.contract import Job, RunState, TaskKey
from scheduledtask_workloads.contract.messages import TaskHistory

FENCES = count(10_000)
NAMES = count()


def on_demand(task: str, **fields: object) -> Job:
    return light_job(f"chained-{next(NAMES)}", task, every=None, history_limit=20, **fields)


def pair(loop: RequestsLoop, outcome: str = "Succeeded") -> tuple[Job, Job]:
    """The second follows the first."""
    first, second = on_demand("echoes", arguments={"text": "a", "times": 1}), on_demand("nothing")
    loop.hold(first)
    loop.hold(second, triggers=[{"scheduledTask": first.name, "outcomes": [outcome]}])
    return first, second


def ask(loop: RequestsLoop, job: Job) -> RequestKey:
    return loop.objects.create(run_manifest(f"asked-{next(NAMES)}", job.name))


def made_for(loop: RequestsLoop, job: Job) -> list[RequestKey]:
    runs = {key: loop.objects.get(key) for key in loop.objects.keys()}  # noqa: SIM118  no mapping
    return [key for key, run in runs.items() if run is not None and run.spec.scheduled_task == job.name]


def ended(loop: RequestsLoop, job: Job) -> set[str]:
    """The runs of a job that the ledger says have ended."""
    told = [message.records for message in loop.heard if isinstance(message, TaskHistory) and message.name == job.name]
    live = [record for record in loop.ended if record.name == job.name]
    return {record.run_id for record in [*live, *(one for records in told for one in records)]}


def test_one_run_follows_each_end_and_knows_of_it(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        loop = begin(RunObjects(), Term(next(FENCES)))
        first, second = pair(loop)
        async with loop.running():
            asked = ask(loop, first)
            await loop.until(lambda: ended(loop, second), "the run that follows")

            (made,) = made_for(loop, second)
            run, parent = loop.objects.get(made), loop.objects.get(asked)
            assert run is not None
            assert parent is not None
            assert run.spec.triggered_by is not None
            assert (run.spec.triggered_by.run_id, run.spec.triggered_by.outcome) == (parent.run_id, "Succeeded")
            assert run.spec.triggered_by.result == ["a"]
            (record,) = [record for record in loop.ended if record.name == second.name]
            assert (record.run_id, record.trigger_depth, record.state) == (run.run_id, 1, RunState.SUCCEEDED)

    play(scenario)


def test_another_outcome_is_followed_by_nothing(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        loop = begin(RunObjects(), Term(next(FENCES)))
        first, second = pair(loop, "Failed")
        third = on_demand("nothing")
        loop.hold(third, triggers=[{"scheduledTask": first.name, "outcomes": ["Succeeded"]}])
        async with loop.running():
            ask(loop, first)
            await loop.until(lambda: ended(loop, third), "the one that follows")

        assert made_for(loop, second) == []

    play(scenario)


def test_an_operator_that_begins_anew_neither_doubles_nor_loses_one(play: Play) -> None:
    """The first one made its run; of the second it did not hear; its successor finds no object of either."""

    async def scenario(begin: Beginning) -> None:
        before = begin(RunObjects(), Term(next(FENCES)))
        first, second = pair(before)
        async with before.running():
            ask(before, first)
            await before.until(lambda: ended(before, second), "the run that follows")
            before.deaf = True
            ask(before, first)
            await before.until(lambda: len(ended(before, first)) == 2, "the end that it is deaf to")
        assert len(ended(before, second)) == 1

        after = begin(RunObjects(), Term(next(FENCES)))
        after.seen = before.seen
        after.hold(first)
        after.hold(second, triggers=[{"scheduledTask": first.name, "outcomes": ["Succeeded"]}])
        async with after.running():
            await after.until(lambda: len(ended(after, second)) == 2, "the run that was missing")
            await after.until(
                lambda: all(after.status(key) == ("Ended", "Succeeded") for key in made_for(after, second)),
                "both are known to have ended",
            )

        assert len(made_for(after, second)) == 2

    play(scenario)


def test_who_does_not_lead_starts_nothing(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        standby = begin(RunObjects(), Term(next(FENCES), leads=False))
        leader = begin(RunObjects(), Term(next(FENCES)))
        first, second = pair(leader)
        async with leader.running():
            ask(leader, first)
            await leader.until(lambda: ended(leader, second), "the run that follows")
        standby.seen = leader.seen
        standby.hold(first)
        standby.hold(second, triggers=[{"scheduledTask": first.name, "outcomes": ["Succeeded"]}])
        async with standby.running():
            await standby.until(lambda: ended(standby, first), "it is told of the end")
            await standby.until(lambda: standby.triggers.is_idle, "it has decided")

        assert made_for(standby, second) == []

    play(scenario)


def test_a_run_at_the_bound_is_followed_no_more(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        loop = begin(RunObjects(), Term(next(FENCES)))
        first, second = pair(loop)
        cause = {"scheduledTask": "another", "runId": "another-1", "outcome": "Succeeded", "depth": 16}
        async with loop.running():
            loop.objects.create(run_manifest(f"deep-{next(NAMES)}", first.name, triggeredBy=cause))
            await loop.until(lambda: loop.stopped, "the stop")

        assert loop.stopped == [TaskKey("team", second.name)]
        assert made_for(loop, second) == []

    play(scenario)
