"""One resource, from what is wanted to what the scheduler holds and what the status says."""

from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.control.acceptance import Accepted, Refused, accept
from scheduledtask_operator.control.due import next_due
from scheduledtask_operator.control.first_seen import FirstSeen, look
from scheduledtask_operator.control.ports import Catalog, Clock, Memory, Observer, Resource, Resources, StatusSink
from scheduledtask_operator.control.runs import RunBook
from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_operator.control.status import BAD_MANIFEST, Condition, TaskStatus
from scheduledtask_operator.decisions.jobs import resolve_job
from scheduledtask_operator.decisions.scaling import PoolLimits
from scheduledtask_workloads.contract import Job, TaskKey

NEXT_LOOK_MARGIN_SECONDS = 0.2  # past the slot, so that the status shows the one after it


@dataclass(frozen=True, slots=True)
class HeavyJob:
    """A job with what its pool may have."""

    job: Job
    limits: PoolLimits


class Reconciler:
    """`reconcile(key)` may be called at any time, any number of times; it reads everything anew.

    A resource that is refused keeps the job that it had, so a bad edit stops nothing.
    """

    def __init__(
        self,
        *,
        resources: Resources,
        catalog: Catalog,
        memory: Memory,
        link: SchedulerLink,
        runs: RunBook,
        status: StatusSink,
        observer: Observer,
        clock: Clock,
        artifacts_url: str,
    ) -> None:
        self._resources = resources
        self._catalog = catalog
        self._memory = memory
        self._link = link
        self._runs = runs
        self._status = status
        self._observer = observer
        self._clock = clock
        self._artifacts_url = artifacts_url
        self._accepted: dict[TaskKey, Accepted] = {}
        self._written: dict[TaskKey, TaskStatus] = {}
        self.heavy: dict[TaskKey, HeavyJob] = {}

    async def reconcile(self, key: TaskKey) -> float | None:
        """Seconds until the status changes by itself; None when only an event can change it."""
        resource = self._resources.get(key)
        if resource is None:
            self._remove(key)
            return None
        verdict = await accept(resource.task, self._catalog)
        now = self._clock.now()
        if isinstance(verdict, Accepted):
            self._hold(resource, verdict, now)
        status = self._describe(key, resource, verdict, now)
        self._write(status)
        if status.next_due is None:
            return None
        return max(0.0, (status.next_due - now).total_seconds()) + NEXT_LOOK_MARGIN_SECONDS

    def _hold(self, resource: Resource, accepted: Accepted, now: datetime) -> None:
        task = resource.task
        seen = self._see(resource, now)
        job = resolve_job(
            task,
            accepted.entry,
            accepted.classification,
            created_at=task.metadata.creation_timestamp or seen.created_at,
            effective_from=seen.effective_from,
            artifacts_url=self._artifacts_url,
        )
        self._accepted[task.key] = accepted
        self._link.put(job)
        if job.pool:
            worker = task.spec.worker
            limits = PoolLimits(worker.min_replicas, worker.max_replicas, worker.idle_seconds)
            self.heavy[task.key] = HeavyJob(job, limits)
        else:
            self.heavy.pop(task.key, None)

    def _see(self, resource: Resource, now: datetime) -> FirstSeen:
        known = self._memory.first_seen(resource.task.key)
        seen = look(known, resource.task.spec, now)
        if seen != known:
            self._memory.remember(resource.task.key, seen)
        return seen

    def _describe(self, key: TaskKey, resource: Resource, verdict: Accepted | Refused, now: datetime) -> TaskStatus:
        job, accepted = self._link.job(key), self._accepted.get(key)
        return TaskStatus(
            key=key,
            condition=_condition(resource, verdict, job),
            job=job,
            classification=accepted.classification if accepted else None,
            next_due=_next_due(job, now),
            runs=self._runs.of(key),
        )

    def _write(self, status: TaskStatus) -> None:
        before = self._written.get(status.key)
        if status == before:
            return
        self._written[status.key] = status
        self._status.write(status.key, status)
        if before is None or status.condition != before.condition:
            self._observer.condition_changed(status.key, status.condition)

    def _remove(self, key: TaskKey) -> None:
        self._link.remove(key)
        self._memory.forget(key)
        self._runs.forget(key)
        for known in (self._accepted, self._written, self.heavy):
            known.pop(key, None)
        self._status.forget(key)


def _condition(resource: Resource, verdict: Accepted | Refused, job: Job | None) -> Condition:
    if isinstance(verdict, Refused):
        return Condition(False, verdict.reason, "; ".join(verdict.messages))
    if resource.problem:
        return Condition(False, BAD_MANIFEST, resource.problem)
    if job is not None and job.suspended:
        return Condition(True, "Suspended", "spec.suspend is true")
    if job is not None and job.schedule is None:
        return Condition(True, "OnDemand", "there is no schedule")
    return Condition(True, "Scheduled")


def _next_due(job: Job | None, now: datetime) -> datetime | None:
    if job is None or job.schedule is None or job.suspended:
        return None
    coming = next_due(job.key, job.schedule, now)
    return coming.due_at if coming else None
