"""The loop's part for requested runs, between objects in memory and a scheduler that is real."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

from tests.run_objects import RunObjects, task_with_uid

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_operator.control.cancellations import Cancellations
from scheduledtask_operator.control.first_seen import FirstSeen, look
from scheduledtask_operator.control.grants import keep_granting
from scheduledtask_operator.control.machine_clock import MachineClock
from scheduledtask_operator.control.ports import Resource, Standing
from scheduledtask_operator.control.requests import RequestController
from scheduledtask_operator.control.run_requests import RequestKey
from scheduledtask_operator.control.runs import RunBook
from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_operator.control.trigger_book import TriggerBook
from scheduledtask_operator.control.triggers import Triggers
from scheduledtask_operator.decisions.triggers import FollowingRun
from scheduledtask_operator.local.catalog_child import ChildCatalog
from scheduledtask_workloads.contract import Job, RunRecord, RunState, TaskKey
from scheduledtask_workloads.contract.messages import RunChanged, SchedulerToControl, TaskHistory

DEADLINE_SECONDS = 60.0


class Term:
    """A leadership that a test begins and ends."""

    def __init__(self, fence: int, *, leads: bool = True) -> None:
        self._fence = fence
        self.leads = leads

    def standing(self) -> Standing | None:
        return Standing(self._fence, MachineClock().boottime_seconds() + 60.0) if self.leads else None

    def fence(self) -> int | None:
        return self._fence if self.leads else None


class Tasks:
    """The ScheduledTasks, as the loop sees them."""

    def __init__(self) -> None:
        self.held: dict[TaskKey, ScheduledTask] = {}

    def keys(self) -> Collection[TaskKey]:
        return list(self.held)

    def get(self, key: TaskKey) -> Resource | None:
        task = self.held.get(key)
        return Resource(task) if task else None


class RequestsLoop:
    """What a control plane of one process knows; another one beside the same objects is a restarted operator."""

    def __init__(self, socket: Path, objects: RunObjects, catalog: ChildCatalog, term: Term) -> None:
        self.objects = objects
        self.term = term
        self.tasks = Tasks()
        self.runs = RunBook()
        self.not_found: list[str] = []
        self.heard: list[SchedulerToControl] = []
        self.link = SchedulerLink(socket, receive=self._receive, connected=lambda connected: None)
        clock = MachineClock()
        self.requests = RequestController(
            requests=objects, resources=self.tasks, catalogs=catalog, link=self.link, leadership=term, clock=clock
        )
        self.cancellations = Cancellations(runs=self.runs, link=self.link, leadership=term, observer=self, clock=clock)
        objects.changed = self.requests.changed
        self.seen: dict[TaskKey, FirstSeen] = {}
        self.book = TriggerBook(self.tasks, self)
        self.triggers = Triggers(
            book=self.book,
            requests=objects,
            resources=self.tasks,
            link=self.link,
            leadership=term,
            observer=self,
            clock=clock,
        )
        self.stopped: list[TaskKey] = []
        self.ended: list[RunRecord] = []
        self.deaf = False

    def hold(self, job: Job, **spec: Any) -> None:
        """A ScheduledTask, with its job."""
        task = self.tasks.held[job.key] = task_with_uid(job.name, f"uid-of-{job.name}", **spec)
        self.seen[job.key] = look(self.seen.get(job.key), task.spec, MachineClock().now())
        self.book.changed([job.key])
        self.link.put(job)

    def remove_task(self, key: TaskKey) -> None:
        del self.tasks.held[key]
        self.link.remove(key)

    def first_seen(self, key: TaskKey) -> FirstSeen | None:
        return self.seen.get(key)

    def remember(self, key: TaskKey, seen: FirstSeen) -> None:
        self.seen[key] = seen

    def forget(self, key: TaskKey) -> None:
        self.seen.pop(key, None)

    def trigger_stopped(self, following: FollowingRun) -> None:
        self.stopped.append(following.key)

    def run_not_found(self, key: TaskKey, run_id: str) -> None:
        self.not_found.append(run_id)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        parts = (
            self.link.run(),
            keep_granting(self.link, self.term, MachineClock()),
            self.requests.run(),
            self.cancellations.run(),
            self.triggers.run(),
        )
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def status(self, key: RequestKey) -> tuple[str | None, str | None]:
        """State and outcome."""
        run = self.objects.get(key)
        status = run.status if run else None
        return (status.state, status.outcome) if status else (None, None)

    def last_state(self, run_id: str) -> RunState | None:
        told = [message.record for message in self.heard if isinstance(message, RunChanged)]
        return next((record.state for record in reversed(told) if record.run_id == run_id), None)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        end = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < end, f"not within {DEADLINE_SECONDS} s: {what}\n{self.heard[-5:]}"
            await asyncio.sleep(0.01)

    def _receive(self, message: SchedulerToControl) -> None:
        self.heard.append(message)
        if not self.deaf:
            self.triggers.hear(message)
        self.requests.hear(message)
        match message:
            case RunChanged(record=record):
                self.runs.change(record)
                self.ended += [record] if record.state.final else []
            case TaskHistory(namespace=namespace, name=name, records=records):
                self.runs.load(TaskKey(namespace, name), records)


Beginning = Callable[[RunObjects, Term], RequestsLoop]
Scenario = Callable[[Beginning], Awaitable[None]]
Play = Callable[[Scenario], None]
