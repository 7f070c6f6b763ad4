"""due, ran and lost, from schedules and records: edits, suspension, skips and removal included."""

from datetime import UTC, datetime, timedelta

from scheduledtask_operator.local.due_tally import DueTally
from scheduledtask_workloads.contract import Job, JobSchedule, Reason, RunRecord, RunState, TaskClass, TaskKey
from scheduledtask_workloads.contract.messages import SlotsSkipped

KEY = TaskKey("default", "report")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def job(expression: str | None = "*/10 * * * * *", *, suspended: bool = False, since: float = 0) -> Job:
    schedule = expression and JobSchedule(
        expression=expression, effective_from_epoch_seconds=int(at(since).timestamp())
    )
    return Job(
        namespace=KEY.namespace,
        name=KEY.name,
        task_class=TaskClass.LIGHT,
        task="system-health",
        schedule=schedule or None,
        suspended=suspended,
    )


def record(seconds: float, state: RunState = RunState.SUCCEEDED) -> RunRecord:
    slot = int(at(seconds).timestamp())
    return RunRecord(
        namespace=KEY.namespace,
        name=KEY.name,
        run_id=f"report-{slot}",
        task_class=TaskClass.LIGHT,
        state=state,
        slot_epoch_seconds=slot,
    )


def due(tally: DueTally, until: float = 60) -> list[int]:
    noon = int(NOON.timestamp())
    return sorted(slot - noon for slot in tally.due(KEY, NOON, at(until)))


def test_every_slot_of_the_window_is_due() -> None:
    tally = DueTally()
    tally.hold(job(), NOON)

    assert due(tally, 30) == [10, 20, 30]


def test_an_edit_ends_the_old_rule_and_begins_the_new_one() -> None:
    tally = DueTally()
    tally.hold(job(), NOON)
    tally.hold(job("*/15 * * * * *", since=25), at(25))

    assert due(tally) == [10, 20, 30, 45, 60]


def test_a_suspended_stretch_has_no_slots() -> None:
    tally = DueTally()
    tally.hold(job(), NOON)
    tally.hold(job(suspended=True), at(25))
    tally.hold(job(since=45), at(45))

    assert due(tally) == [10, 20, 50, 60]


def test_a_removed_task_has_no_slots_afterwards() -> None:
    tally = DueTally()
    tally.hold(job(), NOON)
    tally.release(KEY, at(25))

    assert due(tally) == [10, 20]


def test_skips_are_not_due_and_a_run_counts_more_than_a_skip() -> None:
    tally = DueTally()
    tally.hold(job(), NOON)
    for slot in (30, 40):
        tally.run_changed(record(slot, RunState.SKIPPED))
    tally.run_changed(record(40))

    assert due(tally) == [10, 20, 40, 50, 60]


def test_a_count_of_skipped_slots_reaches_back_from_the_last_of_them() -> None:
    tally = DueTally()
    tally.hold(job(), NOON)
    last = int(at(40).timestamp())
    skipped = SlotsSkipped(
        namespace="default", name="report", reason=Reason.COALESCED, count=2, last_slot_epoch_seconds=last
    )

    tally.slots_skipped(skipped, NOON)

    assert due(tally) == [10, 20, 50, 60]


def test_decided_and_ended_are_two_things() -> None:
    tally = DueTally()
    tally.hold(job(), NOON)
    assert not tally.all_decided(NOON, at(10))

    tally.run_changed(record(10, RunState.STARTED))
    assert tally.all_decided(NOON, at(10))
    assert not tally.all_ended(NOON, at(10))

    tally.run_changed(record(10))
    assert tally.all_ended(NOON, at(10))


def test_a_task_on_demand_is_never_due() -> None:
    tally = DueTally()
    tally.hold(job(None), NOON)

    assert due(tally) == []
    assert tally.all_ended(NOON, at(60))
