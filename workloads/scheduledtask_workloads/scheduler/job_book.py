"""The jobs that the scheduler holds, by task and by what they share."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from scheduledtask_workloads.contract import Job, JobSchedule, TaskClass, TaskKey
from scheduledtask_workloads.schedule import Rule, parse_rule
from scheduledtask_workloads.scheduler.slot_decision import SlotPolicy
from scheduledtask_workloads.scheduler.timing import Group


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """Rule and policy, one object for all jobs alike, so that it is compared by identity."""

    rule: Rule
    policy: SlotPolicy


@dataclass(slots=True)
class HeldJob:
    """A job, and how far its slots are decided."""

    job: Job
    key: TaskKey
    group: Group | None
    """None: suspended, or on demand."""
    timetable: Timetable | None
    effective_from: int
    """Unix seconds; slots up to it do not count."""
    assumed: int
    """Unix seconds: while the ledger has not told, slots count from here."""
    decided: int | None = None
    """The newest decided slot, Unix seconds; None: the ledger has not told yet."""
    replaced_by: "HeldJob | None" = None

    def counted_from(self) -> int:
        """Slots strictly after this are open."""
        decided = self.assumed if self.decided is None else self.decided
        return max(self.effective_from, decided)

    def learn(self, slot: int) -> None:
        """`slot` is decided; what is older was decided before."""
        self.decided = slot if self.decided is None else max(self.decided, slot)


class JobBook:
    """Keeps the jobs, and gathers them in groups."""

    def __init__(self) -> None:
        self._jobs: dict[TaskKey, HeldJob] = {}
        self._groups: dict[Group, dict[TaskKey, HeldJob]] = {}
        self._heavy_in: Counter[tuple[str, str]] = Counter()
        self._unconfirmed: set[TaskKey] = set()
        self.unlearned: set[TaskKey] = set()
        """Jobs whose watermark the ledger has not told."""

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[HeldJob]:
        return iter(self._jobs.values())

    def find(self, key: TaskKey) -> HeldJob | None:
        return self._jobs.get(key)

    def sharing(self, group: Group) -> Collection[HeldJob]:
        return self._groups.get(group, {}).values()

    @property
    def heavy_pools(self) -> list[tuple[str, str]]:
        """Namespace and pool of every heavy job, in order; asked for each second, whatever the number of jobs."""
        return sorted(self._heavy_in)

    @property
    def groups(self) -> list[Group]:
        return list(self._groups)

    def put(self, job: Job, now: datetime) -> HeldJob:
        """In the place of what was held under its key. Raises ScheduleError for a schedule that can't be parsed."""
        group = group_of(job)
        before = self.remove(job.key)
        timetable = _timetable(group.rule, _policy(job)) if group else None
        effective_from = job.schedule.effective_from_epoch_seconds if job.schedule else 0
        held = HeldJob(job, job.key, group, timetable, effective_from, int(now.timestamp()))
        if before is not None:
            held.decided, held.assumed = before.decided, before.assumed
            before.replaced_by = held
        self._jobs[held.key] = held
        self._count_pool(held, 1)
        if held.decided is None:
            self.unlearned.add(held.key)
        if group is not None:
            self._groups.setdefault(group, {})[held.key] = held
        return held

    def remove(self, key: TaskKey) -> HeldJob | None:
        """What was held, if anything."""
        held = self._jobs.pop(key, None)
        self._unconfirmed.discard(key)
        self.unlearned.discard(key)
        if held is not None:
            self._count_pool(held, -1)
            if held.group is not None:
                self._leave_group(held.group, key)
        return held

    def _leave_group(self, group: Group, key: TaskKey) -> None:
        members = self._groups[group]
        del members[key]
        if not members:
            del self._groups[group]

    def _count_pool(self, held: HeldJob, change: int) -> None:
        if held.job.task_class is TaskClass.HEAVY:
            pool = (held.key.namespace, held.job.pool)
            self._heavy_in[pool] += change
            if not self._heavy_in[pool]:
                del self._heavy_in[pool]

    def learn(self, watermarks: Mapping[TaskKey, int | None]) -> None:
        """The ledger's answer; None: no slot of the task was ever decided."""
        for key, slot in watermarks.items():
            if key in self._jobs:
                self._jobs[key].learn(slot or 0)
        self.unlearned.difference_update(watermarks)

    def unlearn(self, now: datetime) -> None:
        """Another scheduler may have decided slots until `now`."""
        for held in self:
            held.decided, held.assumed = None, int(now.timestamp())
        self.unlearned = set(self._jobs)

    def decided_slots(self) -> dict[TaskKey, int]:
        return {held.key: held.decided for held in self if held.decided}

    def expect_all(self) -> None:
        """The control plane begins to send every job."""
        self._unconfirmed = set(self._jobs)

    def confirm(self, key: TaskKey) -> None:
        self._unconfirmed.discard(key)

    def unconfirmed(self) -> set[TaskKey]:
        """Held since before `expect_all`, and not confirmed: they are gone."""
        return set(self._unconfirmed)


def group_of(job: Job) -> Group | None:
    """Raises ScheduleError."""
    if job.schedule is None or job.suspended:
        return None
    return Group(_rule(job.schedule, job.key), job.task_class)


def _rule(schedule: JobSchedule, key: TaskKey) -> Rule:
    return parse_rule(
        schedule.expression,
        time_zone=schedule.time_zone,
        dst_policy=schedule.dst_policy,
        identity=str(key),
        anchor=datetime.fromtimestamp(schedule.anchor_epoch_seconds, UTC),
    )


@cache
def _timetable(rule: Rule, policy: SlotPolicy) -> Timetable:
    return Timetable(rule, policy)


def _policy(job: Job) -> SlotPolicy:
    jitter_seconds = job.schedule.jitter_seconds if job.schedule else 0
    return SlotPolicy(
        job.catch_up, job.starting_deadline_seconds, jitter_seconds, str(job.key) if jitter_seconds else ""
    )
