"""How many slots were due in a stretch of time, and what became of each: the numbers of the summary."""

from dataclasses import dataclass, field
from datetime import datetime

from scheduledtask_operator.control.due import due_slots, schedule_rule
from scheduledtask_operator.control.runs import without_output
from scheduledtask_workloads.contract import Job, JobSchedule, RunRecord, RunState, TaskKey
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.schedule import slots_between
from scheduledtask_workloads.schedule.instants import from_epoch


@dataclass(slots=True)
class _Stretch:
    """A schedule in force from `since` on, until `until`; None: still."""

    schedule: JobSchedule
    since: datetime
    until: datetime | None = None


@dataclass(slots=True)
class TaskTally:
    """What is known of one task. Slots are Unix seconds."""

    task_class: str = ""
    stretches: list[_Stretch] = field(default_factory=list)
    records: dict[int, RunRecord] = field(default_factory=dict)
    skipped: set[int] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)  # a run was heard of, ended or not
    on_demand: dict[str, RunRecord] = field(default_factory=dict)  # by run id: those of no slot that ended


class DueTally:
    """Told of every job and every run from the start on, asked about a window at the end."""

    def __init__(self) -> None:
        self.tasks: dict[TaskKey, TaskTally] = {}

    def hold(self, job: Job, now: datetime) -> None:
        """`job` is in force since `now`."""
        tally = self.tasks.setdefault(job.key, TaskTally())
        tally.task_class = job.task_class
        schedule = None if job.suspended else job.schedule
        current = tally.stretches[-1] if tally.stretches and tally.stretches[-1].until is None else None
        if current is not None and current.schedule == schedule:
            return
        if current is not None:
            current.until = now
        if schedule is not None:
            tally.stretches.append(_Stretch(schedule, now))

    def release(self, key: TaskKey, now: datetime) -> None:
        """The resource is gone."""
        tally = self.tasks.get(key)
        if tally is not None and tally.stretches and tally.stretches[-1].until is None:
            tally.stretches[-1].until = now

    def run_changed(self, record: RunRecord) -> None:
        key, slot = TaskKey(record.namespace, record.name), record.slot_epoch_seconds
        tally = self.tasks.setdefault(key, TaskTally())
        if slot is None:
            if record.state.final:
                tally.on_demand[record.run_id] = without_output(record)
            return
        tally.seen.add(slot)
        if record.state is RunState.SKIPPED:
            tally.skipped.add(slot)
        elif record.state.final:
            tally.records[slot] = without_output(record)

    def slots_skipped(self, skipped: SlotsSkipped, since: datetime) -> None:
        """The last `count` slots up to the one that is named; those before `since` are of no interest."""
        tally = self.tasks.setdefault(TaskKey(skipped.namespace, skipped.name), TaskTally())
        tally.skipped.add(skipped.last_slot_epoch_seconds)
        if skipped.count > 1 and tally.stretches:
            rule = schedule_rule(TaskKey(skipped.namespace, skipped.name), tally.stretches[-1].schedule)
            slots = list(slots_between(rule, since, from_epoch(skipped.last_slot_epoch_seconds)))
            tally.skipped.update(int(slot.timestamp()) for slot in slots[-skipped.count :])

    def due(self, key: TaskKey, after: datetime, until: datetime) -> set[int]:
        """The slots that started in (after, until] by schedule, but for those that were skipped with a reason."""
        tally = self.tasks[key]
        slots: set[int] = set()
        for stretch in tally.stretches:
            first, last = max(after, stretch.since), min(until, stretch.until or until)
            found = due_slots(key, stretch.schedule, first, last)
            slots.update(int(slot.slot.timestamp()) for slot in found)
        return {slot for slot in slots if slot in tally.records or slot not in tally.skipped}

    def all_decided(self, after: datetime, until: datetime) -> bool:
        """Whether each slot of the window has a run, or was skipped."""
        return all(self.due(key, after, until) <= tally.seen for key, tally in self.tasks.items())

    def all_ended(self, after: datetime, until: datetime) -> bool:
        """Whether each slot of the window has a final record, or was skipped."""
        return all(self.due(key, after, until) <= set(tally.records) for key, tally in self.tasks.items())
