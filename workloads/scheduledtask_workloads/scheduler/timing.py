"""APScheduler as the clock: one job of its own for each distinct (rule, engine), whatever the number of tasks.

Its executors here do not run anything: they say that a rule is due, once a wake-up for all rules that are, and the
firing works out for which tasks. Deadlines, overlap and catch-up are not its business, so it drops nothing
(`misfire_grace_time=None`) and never walks over missed times (the trigger answers with the one after `now`).
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job as ApschedulerJob
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from scheduledtask_workloads.contract import TaskClass
from scheduledtask_workloads.schedule import Rule, next_slot

HEARTBEAT_SECONDS = 1.0
"""APScheduler sleeps on the monotonic clock until its next job is due on the wall clock, so it would sleep through a
step of the latter. A heartbeat job would too, through a step back: it is woken from outside."""

_MANY_INSTANCES = 1_000_000  # overlap is the ledger's to judge


class Group(NamedTuple):
    """The tasks of one engine that share a rule."""

    rule: Rule
    engine: TaskClass


class SlotTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """The next slot of a rule after `now`; what lies between the last one and `now` is found by the decision."""

    __slots__ = ("_rule",)

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        return next_slot(self._rule, now)


class EngineExecutor(BaseExecutor):  # type: ignore[misc]
    """Collects the groups that became due in one wake-up, and hands them on together."""

    def __init__(self, due: Callable[[list[Group]], None]) -> None:
        super().__init__()
        self._due = due
        self._collected: list[ApschedulerJob] = []

    def _do_submit_job(self, job: ApschedulerJob, run_times: list[datetime]) -> None:
        if not self._collected:
            asyncio.get_running_loop().call_soon(self._hand_on)
        self._collected.append(job)

    def _hand_on(self) -> None:
        jobs, self._collected = self._collected, []
        for job in jobs:
            self._run_job_success(job.id, ())
        self._due([job.args[0] for job in jobs])


class Timing:
    """Tells `due` which groups have a slot now, and calls `heartbeat` each second."""

    def __init__(self, due: Callable[[list[Group]], None], heartbeat: Callable[[], None]) -> None:
        self._heartbeat = heartbeat
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            executors={engine.value: EngineExecutor(due) for engine in TaskClass},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": _MANY_INSTANCES},
        )
        self._ids: dict[Group, str] = {}

    async def run(self) -> None:
        """Until cancelled."""
        self._scheduler.start()
        try:
            while True:
                await asyncio.sleep(HEARTBEAT_SECONDS)
                self._scheduler.wakeup()
                self._heartbeat()
        finally:
            self._scheduler.shutdown(wait=False)

    def watch(self, group: Group) -> None:
        """Have `group` called due at each of its slots; once is enough."""
        if group not in self._ids:
            self._ids[group] = self._scheduler.add_job(
                _nothing, SlotTrigger(group.rule), args=(group,), executor=group.engine.value
            ).id

    def forget(self, group: Group) -> None:
        """Nobody shares the rule any more."""
        job_id = self._ids.pop(group, None)
        if job_id is not None and self._scheduler.get_job(job_id) is not None:
            self._scheduler.remove_job(job_id)


def _nothing(group: Group) -> None:
    """APScheduler wants a function; what happens at a slot is the executor's."""
