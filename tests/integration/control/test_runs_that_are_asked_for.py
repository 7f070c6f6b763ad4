"""From an object to its outcome and back, between objects in memory and a real scheduler with runners and Redis."""

from itertools import count

from tests.integration.control.requests_loop import Beginning, Play, RequestsLoop, Term
from tests.integration.scheduler.rig import light_job
from tests.run_objects import RunObjects, run_manifest

from scheduledtask_operator.control.run_requests import RequestKey
from scheduledtask_workloads.contract import Job, RunState, TaskKey

FENCES = count(1)
NAMES = count()


def on_demand(task: str, **fields: object) -> Job:
    return light_job(f"task-{next(NAMES)}", task, every=None, **fields)


def term() -> Term:
    return Term(next(FENCES))


def ask(loop: RequestsLoop, job: Job, name: str, **spec: object) -> RequestKey:
    return loop.objects.create(run_manifest(f"{name}-{next(NAMES)}", job.name, **spec))


def run_id(loop: RequestsLoop, key: RequestKey) -> str:
    run = loop.objects.get(key)
    assert run is not None
    return run.run_id


def test_it_runs_with_its_own_arguments_and_tells_what_came_of_it(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        loop = begin(RunObjects(), term())
        job = on_demand("echoes", arguments={"text": "a", "times": 1})
        loop.hold(job)
        async with loop.running():
            key = ask(loop, job, "echo", arguments={"times": 3}, slotTime="2026-11-22T02:00:00Z")
            await loop.until(lambda: loop.status(key) == ("Ended", "Succeeded"), "its end")

            run = loop.objects.get(key)
            assert run is not None
            assert run.status is not None
            assert (run.status.result, run.status.attempts) == (["a", "a", "a"], 1)
            assert {one.type: one.status for one in run.status.conditions} == {"Complete": "True", "Failed": "False"}
            await loop.until(lambda: loop.objects.get(key).metadata.owner_references, "its owner")

    play(scenario)


def test_it_is_deleted_after_its_time(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        loop = begin(RunObjects(), term())
        job = on_demand("nothing")
        loop.hold(job)
        async with loop.running():
            key = ask(loop, job, "short", ttlSecondsAfterFinished=0)
            await loop.until(lambda: loop.objects.get(key) is None, "its deletion")
            assert loop.objects.writes[-1].outcome == "Succeeded"

    play(scenario)


def test_what_may_not_overlap_runs_one_after_the_other_in_the_order_of_asking(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        loop = begin(RunObjects(), term())
        job = on_demand("sleeps", arguments={"seconds": 0.3})
        loop.hold(job)
        async with loop.running():
            keys = [ask(loop, job, f"{number}-of-four") for number in range(4)]
            await loop.until(lambda: all(loop.status(key)[1] == "Succeeded" for key in keys), "four ends")

            starts = [loop.objects.get(key).status.completion_time for key in keys]
            assert starts == sorted(starts)
            said = [status.message or "" for status in loop.objects.writes if status.state == "Pending"]
            assert any(message.startswith("waiting: ") for message in said)

    play(scenario)


def test_deleting_the_object_cancels_the_run(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        loop = begin(RunObjects(), term())
        job = on_demand("hangs")
        loop.hold(job)
        async with loop.running():
            key = ask(loop, job, "cancelled")
            await loop.until(lambda: loop.status(key)[0] == "Started", "its start")
            name = run_id(loop, key)
            loop.objects.remove(key)
            await loop.until(lambda: loop.last_state(name) is RunState.CANCELLED, "its cancellation")

    play(scenario)


def test_with_its_scheduled_task_the_object_goes_and_the_run_finishes(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        loop = begin(RunObjects(), term())
        job = on_demand("sleeps", arguments={"seconds": 3})
        loop.hold(job)
        async with loop.running():
            key = ask(loop, job, "kept")
            await loop.until(lambda: loop.status(key)[0] == "Started", "its start")
            name = run_id(loop, key)
            loop.objects.remove(key)  # the garbage collector may be told first
            loop.remove_task(job.key)
            await loop.until(lambda: loop.last_state(name) is not RunState.STARTED, "its end")
            assert loop.last_state(name) is RunState.SUCCEEDED

    play(scenario)


def test_an_operator_that_comes_back_ends_what_was_deleted_and_tells_what_has_ended(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        objects, hanging, short = RunObjects(), on_demand("hangs"), on_demand("sleeps", arguments={"seconds": 0.5})
        before = begin(objects, term())
        for job in (hanging, short):
            before.hold(job)
        async with before.running():
            gone, there = ask(before, hanging, "gone"), ask(before, short, "there")
            await before.until(lambda: before.status(gone)[0] == "Started", "the start of one")
            await before.until(lambda: before.status(there)[0] is not None, "the start of the other")
        name = run_id(before, gone)
        objects.remove(gone)
        after = begin(objects, term())
        for job in (hanging, short):
            after.hold(job)
        async with after.running():
            await after.until(lambda: after.status(there)[1] == "Succeeded", "the outcome")
            await after.until(lambda: after.last_state(name) is RunState.CANCELLED, "the cancellation")

    play(scenario)


def test_arguments_that_the_task_does_not_take_are_refused_by_the_catalog(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        loop = begin(RunObjects(), term())
        job = on_demand("echoes", arguments={"text": "a"})
        loop.hold(job)
        async with loop.running():
            key = ask(loop, job, "bad", arguments={"times": "often"})
            await loop.until(lambda: loop.status(key) == ("Ended", "Refused"), "the refusal")
            assert "spec.arguments.times" in loop.objects.get(key).status.message

    play(scenario)


def test_a_standby_does_nothing_until_it_leads(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        leadership = term()
        leadership.leads = False
        loop = begin(RunObjects(), leadership)
        job = on_demand("nothing")
        loop.hold(job)
        async with loop.running():
            key = ask(loop, job, "later")
            await loop.until(lambda: len(loop.heard) > 5, "some talk of the scheduler")
            assert loop.status(key) == (None, None)
            leadership.leads = True
            await loop.until(lambda: loop.status(key) == ("Ended", "Succeeded"), "its end")

    play(scenario)


def test_an_annotation_cancels_a_run_once_and_is_answered_when_there_is_none(play: Play) -> None:
    async def scenario(begin: Beginning) -> None:
        loop = begin(RunObjects(), term())
        job = on_demand("hangs")
        loop.hold(job)
        async with loop.running():
            key = ask(loop, job, "annotated")
            await loop.until(lambda: loop.status(key)[0] == "Started", "its start")
            loop.cancellations.wanted(TaskKey("team", job.name), run_id(loop, key))
            await loop.until(lambda: loop.status(key) == ("Ended", "Cancelled"), "its end")
            loop.cancellations.wanted(TaskKey("team", job.name), "nobody")
            await loop.until(lambda: loop.not_found, "the answer")
            assert loop.not_found == ["nobody"]

    play(scenario)
