"""ScheduledTaskRuns, from what is asked to what became of it. What it decides is in `decisions.requests`."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from scheduledtask_operator.api import ScheduledTaskRun, ScheduledTaskRunStatus
from scheduledtask_operator.control.keyed_queue import KeyedQueue
from scheduledtask_operator.control.ports import CatalogPending, Catalogs, Clock, Leadership, Resource, Resources
from scheduledtask_operator.control.request_book import RequestBook, RequestedRun
from scheduledtask_operator.control.run_requests import RequestKey, RunRequests
from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_operator.control.waiting_line import WaitingLine
from scheduledtask_operator.decisions.requests import (
    CANCEL_AGAIN_SECONDS,
    Decision,
    Situation,
    TaskView,
    decide,
    is_waiting,
)
from scheduledtask_workloads.contract import ConcurrencyPolicy, Job, TaskKey
from scheduledtask_workloads.contract.messages import (
    CancelRun,
    RequestRun,
    RunChanged,
    RunRefused,
    SchedulerToControl,
    TaskHistory,
)

QUEUE_WORKERS = 4
LOOK_SECONDS = 1.0  # for another term of leadership
UNHEARD_SECONDS = 1.0  # until a scheduler that does not listen is asked again
SETTLE_SECONDS = 1.0
"""After an object is gone: with its ScheduledTask go its runs' objects, and which of the two is told first is chance.
Its runs then finish."""
LONGEST_CANCEL_SECONDS = 60.0  # between two cancellations of a run that does not end
logger = logging.getLogger(__name__)


class RequestController:
    """Call `hear` with all that the scheduler says, and `changed` with what the watch does; `run` when both watches,
    of ScheduledTasks and of their runs, have told what there is."""

    def __init__(
        self,
        *,
        requests: RunRequests,
        resources: Resources,
        catalogs: Catalogs,
        link: SchedulerLink,
        leadership: Leadership,
        clock: Clock,
    ) -> None:
        self._requests = requests
        self._resources = resources
        self._catalogs = catalogs
        self._link = link
        self._leadership = leadership
        self._clock = clock
        self._queue: KeyedQueue[RequestKey] = KeyedQueue()
        self._book = RequestBook()
        self._line = WaitingLine()
        self._fence: int | None = None

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(QUEUE_WORKERS):
                group.create_task(self._queue.work(self.reconcile))
            self.changed({*self._requests.keys(), *self._book.keys()})
            group.create_task(self._watch_leadership())

    def changed(self, keys: Iterable[RequestKey]) -> None:
        for key in keys:
            self._stand_in_line(key)
            self._queue.add(key)

    def task_changed(self, task: TaskKey) -> None:
        """What waits for it is looked at."""
        for key in self._line.first(task, None):
            self._queue.add(key)

    def hear(self, message: SchedulerToControl) -> None:
        match message:
            case RunChanged(record=record):
                self._look_at(self._book.hear(record))
                if record.state.final:
                    self._prompt(TaskKey(record.namespace, record.name))
            case TaskHistory(records=records):
                for record in records:
                    self._look_at(self._book.hear(record))
            case RunRefused():
                self._look_at(self._book.refuse(message))

    async def reconcile(self, key: RequestKey) -> float | None:
        """Seconds until it is to be looked at again. May be called at any time, any number of times."""
        now, run = self._clock.now(), self._requests.get(key)
        leads = self._leadership.fence() is not None
        strays_seconds = self._end_strays(key, run.run_id if run else None, now, leads)
        if run is None:
            self._leave_line(key)
            return strays_seconds
        known = self._book.run(key, run.run_id)
        known.noticed_at = known.noticed_at or now
        if _status(run, known).ended:
            known.forget_result()
        if not leads:
            return None
        situation = await self._situation(key, run, known)
        decision = decide(situation, self._clock.now())
        again_seconds = await self._act(key, situation, decision, known)
        return _earlier(again_seconds, strays_seconds)

    # --- what is the case

    async def _situation(self, key: RequestKey, run: ScheduledTaskRun, known: RequestedRun) -> Situation:
        job = self._link.job(run.task)
        places = _places(job)
        return Situation(
            run=run,
            status=_status(run, known),
            record=known.record,
            task=await self._view(run, job, asked=known.asked_at is not None),
            noticed_at=known.noticed_at or self._clock.now(),
            problem=self._requests.problem(key),
            asked_at=known.asked_at,
            refusal=known.refusal,
            in_turn=places is None or self._line.ahead(key) < places,
        )

    async def _view(self, run: ScheduledTaskRun, job: Job | None, *, asked: bool) -> TaskView:
        resource = self._resources.get(run.task)
        if resource is None:
            return TaskView(exists=False)
        if resource.is_paused:
            return TaskView(True, is_paused=True)
        if job is None:
            deadline_seconds = resource.task.spec.starting_deadline_seconds if resource.task else None
            return TaskView(True, _not_in_order(run.task, resource), deadline_seconds)
        if asked or not run.spec.arguments or resource.task is None:
            return TaskView(True, "", job.starting_deadline_seconds)
        catalog = self._catalogs.of(resource.task)
        if isinstance(catalog, CatalogPending):
            return TaskView(True, catalog.message, job.starting_deadline_seconds)
        problems = await catalog.argument_problems(job.task, {**job.arguments, **run.spec.arguments})
        return TaskView(True, "", job.starting_deadline_seconds, problems)

    # --- what is done

    async def _act(
        self, key: RequestKey, situation: Situation, decision: Decision, known: RequestedRun
    ) -> float | None:
        """First what does not need the API server."""
        run, again_seconds = situation.run, decision.again_seconds
        if decision.ask and not self._ask(run, known):
            again_seconds = UNHEARD_SECONDS
        if decision.cancel:
            again_seconds = self._cancel(run.task, run.run_id, known)
        if decision.status != situation.status:
            await self._requests.write_status(run, decision.status)
            known.written = decision.status
        self._stand_in_line(key)
        await self._own(run, known)
        if decision.delete:
            await self._requests.delete(run)
        return again_seconds

    def _ask(self, run: ScheduledTaskRun, known: RequestedRun) -> bool:
        """Whether anybody heard it."""
        asked = RequestRun(
            namespace=run.task.namespace,
            name=run.task.name,
            run_id=run.run_id,
            arguments=run.spec.arguments,
            slot_epoch_seconds=run.spec.slot_epoch_seconds,
            triggered_by=run.spec.triggered_by.told if run.spec.triggered_by else None,
        )
        if not self._link.ask(asked):
            return False
        known.asked_at, known.refusal = self._clock.now(), None
        return True

    def _cancel(self, task: TaskKey, run_id: str, known: RequestedRun) -> float:
        """Seconds until it is to be said again, unless the run has ended by then."""
        if self._link.ask(CancelRun(namespace=task.namespace, name=task.name, run_id=run_id)):
            known.cancels += 1
        return min(CANCEL_AGAIN_SECONDS * 2.0 ** min(known.cancels, 10), LONGEST_CANCEL_SECONDS)

    async def _own(self, run: ScheduledTaskRun, known: RequestedRun) -> None:
        resource = self._resources.get(run.task)
        task = resource.task if resource else None
        uid = task.metadata.uid if task else None
        if task is None or not uid or known.owner_uid == uid:
            return
        if all(owner.uid != uid for owner in run.metadata.owner_references):
            await self._requests.own(run, task)
        known.owner_uid = uid

    def _end_strays(self, key: RequestKey, run_id: str | None, now: datetime, leads: bool) -> float | None:
        """Runs whose object is gone: they are cancelled, unless their ScheduledTask is gone too."""
        again_seconds: float | None = None
        for stray_id, known in self._book.others(key, run_id):
            if known.record is None or known.record.state.final:
                self._book.forget(key, stray_id)
                continue
            known.missed_at = known.missed_at or now
            task = TaskKey(known.record.namespace, known.record.name)
            left_seconds = (known.missed_at + timedelta(seconds=SETTLE_SECONDS) - now).total_seconds()
            if left_seconds > 0:
                again_seconds = _earlier(again_seconds, left_seconds)
            elif leads and self._resources.get(task) is not None:
                if not known.cancels:
                    extra = {"namespace": task.namespace, "task": task.name, "run_id": stray_id}
                    logger.info("its ScheduledTaskRun is gone; cancelling", extra=extra)
                again_seconds = _earlier(again_seconds, self._cancel(task, stray_id, known))
        return again_seconds

    # --- whose turn it is

    def _stand_in_line(self, key: RequestKey) -> None:
        run = self._requests.get(key)
        if run is None:
            self._leave_line(key)
            return
        known = self._book.run(key, run.run_id)
        if known.record is None and is_waiting(_status(run, known)):
            self._line.enter(key, run.task, run.created_at)
        else:
            self._leave_line(key)

    def _leave_line(self, key: RequestKey) -> None:
        task = self._line.leave(key)
        if task is not None:
            self._prompt(task)

    def _prompt(self, task: TaskKey) -> None:
        """There may be a place for those who come next; where there is no bound, nobody waits for one."""
        places = _places(self._link.job(task))
        for key in self._line.first(task, places) if places is not None else ():
            run = self._requests.get(key)
            if run is not None:
                self._book.prompt(key, run.run_id)
                self._queue.add(key)

    def _look_at(self, key: RequestKey | None) -> None:
        if key is not None:
            self.changed([key])

    async def _watch_leadership(self) -> None:
        """Under another number everything is looked at: another leader may have asked and written."""
        while True:
            fence = self._leadership.fence()
            if fence != self._fence:
                self._fence = fence
                self._book.begin_term()
                self.changed({*self._requests.keys(), *self._book.keys()})
            await asyncio.sleep(LOOK_SECONDS)


def _status(run: ScheduledTaskRun, known: RequestedRun) -> ScheduledTaskRunStatus:
    """The newest: what we wrote comes back later."""
    return known.written or run.status or ScheduledTaskRunStatus()


def _places(job: Job | None) -> int | None:
    """How many requests of a task can be admitted at once; None where there is no bound."""
    if job is None or job.concurrency_policy is not ConcurrencyPolicy.FORBID:
        return None
    return job.max_concurrency


def _not_in_order(task: TaskKey, resource: Resource) -> str:
    what = resource.problem or "see its Ready condition"
    return f"waiting: ScheduledTask {task} cannot be run as it is: {what}"


def _earlier(one: float | None, other: float | None) -> float | None:
    return min((seconds for seconds in (one, other) if seconds is not None), default=None)
