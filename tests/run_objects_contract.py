"""What the loop counts on of its port for ScheduledTaskRuns; each place where the loop runs passes these."""

from datetime import UTC, datetime
from typing import Any, Protocol

from tests.run_objects import run_manifest, task_with_uid

from scheduledtask_operator.api import ScheduledTaskRun, ScheduledTaskRunStatus
from scheduledtask_operator.api.run_resource import RunCondition
from scheduledtask_operator.api.trigger_cause import TriggerCause
from scheduledtask_operator.control.run_requests import RequestKey, RunRequests
from scheduledtask_workloads.contract import TriggeredBy

MOMENT = datetime(2026, 11, 22, 12, tzinfo=UTC)
ENDED = ScheduledTaskRunStatus(
    state="Ended",
    outcome="Succeeded",
    attempts=2,
    completion_time=MOMENT,
    result={"labels": ["a", 1, None], "accuracy": 0.5, "nothing": None},
    conditions=(RunCondition(type="Complete", status="True", last_transition_time=MOMENT),),
)
PENDING = ScheduledTaskRunStatus(state="Pending", message="waiting")


class Place(Protocol):
    """Where objects are; `see` waits until the port has been told everything."""

    port: RunRequests

    async def create(self, manifest: dict[str, Any]) -> RequestKey: ...

    async def remove(self, key: RequestKey) -> None: ...

    async def see(self) -> None: ...


async def seen(place: Place, key: RequestKey) -> ScheduledTaskRun | None:
    await place.see()
    return place.port.get(key)


async def created(place: Place, name: str) -> tuple[RequestKey, ScheduledTaskRun]:
    key = await place.create(run_manifest(name))
    run = await seen(place, key)
    assert run is not None
    return key, run


async def check_that_a_status_is_written_whole(place: Place) -> None:
    key, run = await created(place, "written")

    await place.port.write_status(run, PENDING)
    await place.port.write_status(run, ENDED)

    after = await seen(place, key)
    assert after is not None
    assert after.status == ENDED
    assert (after.run_id, after.spec) == (run.run_id, run.spec)


async def check_that_it_gets_its_owner_beside_the_status(place: Place) -> None:
    key, run = await created(place, "owned")

    await place.port.write_status(run, PENDING)
    await place.port.own(run, task_with_uid("report", "the-uid"))

    after = await seen(place, key)
    assert after is not None
    assert [owner.uid for owner in after.metadata.owner_references] == ["the-uid"]
    assert after.status == PENDING


async def check_that_it_is_deleted(place: Place) -> None:
    key, run = await created(place, "deleted")

    await place.port.delete(run)

    assert await seen(place, key) is None


async def check_that_another_object_of_that_name_is_left_alone(place: Place) -> None:
    key, run = await created(place, "again")
    await place.remove(key)
    await place.create(run_manifest("again"))

    await place.port.write_status(run, ENDED)
    await place.port.own(run, task_with_uid("report", "the-uid"))
    await place.port.delete(run)

    after = await seen(place, key)
    assert after is not None
    assert after.run_id != run.run_id
    assert (after.status, after.metadata.owner_references) == (None, ())


async def check_that_what_is_gone_stays_gone(place: Place) -> None:
    key, run = await created(place, "gone")
    await place.remove(key)

    await place.port.write_status(run, ENDED)
    await place.port.own(run, task_with_uid("report", "the-uid"))
    await place.port.delete(run)

    assert await seen(place, key) is None


async def check_that_what_is_made_twice_is_there_once(place: Place) -> None:
    wanted = await _in_its_namespace(place, "made")

    await place.port.make(wanted)
    first = await seen(place, _key(wanted))
    await place.port.make(wanted)
    second = await seen(place, _key(wanted))

    assert first is not None
    assert first.metadata.uid
    assert second == first
    assert (first.spec, first.run_id) == (wanted.spec, wanted.run_id)


async def check_that_what_follows_a_run_is_the_same_run_when_it_is_made_anew(place: Place) -> None:
    wanted = await _in_its_namespace(place, "anew")
    await place.port.make(wanted)
    first = await seen(place, _key(wanted))
    assert first is not None
    await place.port.delete(first)
    await place.see()

    await place.port.make(wanted)

    second = await seen(place, _key(wanted))
    assert second is not None
    assert second.metadata.uid != first.metadata.uid
    assert second.run_id == first.run_id


async def _in_its_namespace(place: Place, name: str) -> ScheduledTaskRun:
    """One that follows another run, which nobody made yet."""
    namespace, _ = await place.create(run_manifest(f"{name}-beside"))
    cause = TriggeredBy(
        scheduled_task="training", run_id="training-1", outcome="Failed", message="no data", result={"a": [1, None]}
    )
    manifest = run_manifest(name, triggeredBy=TriggerCause.of(cause))
    manifest["metadata"]["namespace"] = namespace
    return ScheduledTaskRun.model_validate(manifest)


def _key(run: ScheduledTaskRun) -> RequestKey:
    return RequestKey(run.metadata.namespace, run.metadata.name)


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_that_")]
