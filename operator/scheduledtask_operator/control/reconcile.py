"""One resource, from what is wanted to what the scheduler holds and what the status says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.api import PAUSED_ANNOTATION, ScheduledTask
from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.control.acceptance import Accepted, Pending, Refused, judge, ring_refused
from scheduledtask_operator.control.due import next_due
from scheduledtask_operator.control.first_seen import FirstSeen, look
from scheduledtask_operator.control.heavy_jobs import HeavyJob, heavy_job
from scheduledtask_operator.control.ports import Catalogs, Clock, Memory, Observer, Resource, Resources, StatusSink
from scheduledtask_operator.control.redis_view import RedisView
from scheduledtask_operator.control.runs import RunBook
from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_operator.control.secret_book import SecretBook
from scheduledtask_operator.control.status import Condition, HistoryLimits, PoolStatus, TaskStatus
from scheduledtask_operator.control.trigger_book import TriggerBook
from scheduledtask_operator.decisions.classification import Classification
from scheduledtask_operator.decisions.jobs import beginning, resolve_job
from scheduledtask_operator.decisions.light_allowance import LightAllowance
from scheduledtask_workloads.contract import Job, TaskKey
from scheduledtask_workloads.contract.secrets import SecretValue

NEXT_LOOK_MARGIN_SECONDS = 0.2  # past the slot, so that the status shows the one after it
Verdict = Accepted | Refused | Pending


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for a task that says nothing else. `worker_image` is empty where workers are processes."""

    artifacts_url: str
    worker_image: str = ""


class Reconciler:
    """`reconcile(key)` may be called at any time, any number of times; it reads everything anew.

    A resource that is refused keeps the job that it had, so a bad edit stops nothing. `heavy` is filled in here.
    """

    def __init__(
        self,
        *,
        resources: Resources,
        catalogs: Catalogs,
        memory: Memory,
        link: SchedulerLink,
        runs: RunBook,
        triggers: TriggerBook,
        heavy: dict[TaskKey, HeavyJob],
        pool_status: Callable[[HeavyJob], PoolStatus | None],
        redis: RedisView,
        status: StatusSink,
        observer: Observer,
        clock: Clock,
        defaults: Defaults,
        secrets: SecretBook,
        allowance: LightAllowance,
    ) -> None:
        self._resources = resources
        self._catalogs = catalogs
        self._memory = memory
        self._link = link
        self._runs = runs
        self._triggers = triggers
        self._heavy = heavy
        self._pool_status = pool_status
        self._redis = redis
        self._status = status
        self._observer = observer
        self._clock = clock
        self._defaults = defaults
        self._secrets = secrets
        self._allowance = allowance
        self._accepted: dict[TaskKey, Accepted] = {}
        self._paused: dict[TaskKey, Job] = {}
        """As they were before: versions that stay in force while a later one is refused."""
        self._written: dict[TaskKey, TaskStatus] = {}

    async def reconcile(self, key: TaskKey) -> float | None:
        """Seconds until the status changes by itself; None when only an event can change it."""
        resource = self._resources.get(key)
        if resource is None:
            self._remove(key)
            return None
        self._runs.remember(key, _history_limits(resource.task))
        verdict = await self._judge(resource.task) if resource.task else None
        verdict, secrets = await self._secrets.settle(key, verdict, _arguments(resource), self._link.job(key))
        now = self._clock.now()
        if resource.task is not None and isinstance(verdict, Accepted):
            self._hold(resource.task, verdict, secrets, now, is_paused=resource.is_paused)
        else:
            self._link.put_secrets(key, secrets)
            self._pause_held(key, now, is_paused=resource.is_paused)
        status = self._describe(key, resource, verdict, now)
        self._write(status)
        if status.next_due is None:
            return None
        return max(0.0, (status.next_due - now).total_seconds()) + NEXT_LOOK_MARGIN_SECONDS

    async def _judge(self, task: ScheduledTask) -> Verdict:
        ring = self._triggers.ring(task.key)
        return ring_refused(ring) if ring else await judge(task, self._catalogs, self._allowance)

    def _hold(
        self,
        task: ScheduledTask,
        accepted: Accepted,
        secrets: tuple[SecretValue, ...],
        now: datetime,
        *,
        is_paused: bool,
    ) -> None:
        seen = self._see(task, now, is_paused=is_paused)
        job = resolve_job(
            task,
            accepted.entry,
            accepted.classification,
            created_at=task.metadata.creation_timestamp or seen.created_at,
            effective_from=seen.effective_from,
            artifacts_url=self._defaults.artifacts_url,
            is_followed=self._triggers.is_followed(task.key),
            is_paused=is_paused,
        )
        self._accepted[task.key] = accepted
        self._paused.pop(task.key, None)
        self._link.put(job, secrets)
        if job.pool:
            self._heavy[task.key] = heavy_job(task, accepted.entry, job, self._defaults.worker_image)
        else:
            self._heavy.pop(task.key, None)

    def _pause_held(self, key: TaskKey, now: datetime, *, is_paused: bool) -> None:
        """Of a resource that is refused, the version before it stays in force, and is paused with its namespace."""
        held = self._link.job(key)
        if is_paused and held is not None and not held.suspended:
            self._paused[key] = held
            self._link.put_again(held.model_copy(update={"suspended": True}))
        elif not is_paused and key in self._paused:
            self._link.put_again(beginning(self._paused.pop(key), now))

    def _see(self, task: ScheduledTask, now: datetime, *, is_paused: bool) -> FirstSeen:
        known = self._memory.first_seen(task.key)
        seen = look(known, task.spec, now, is_paused=is_paused)
        if seen != known:
            self._memory.remember(task.key, seen)
        return seen

    def _describe(self, key: TaskKey, resource: Resource, verdict: Verdict | None, now: datetime) -> TaskStatus:
        job, accepted, heavy = self._link.job(key), self._accepted.get(key), self._heavy.get(key)
        due = _next_due(job, now)
        return TaskStatus(
            key=key,
            condition=_condition(resource, verdict, job, due, self._triggers.missing(key)),
            generation=resource.generation,
            seen=self._memory.first_seen(key),
            pool=self._pool_status(heavy) if heavy else None,
            job=job,
            classification=accepted.classification if accepted else _classification(verdict),
            next_due=due,
            runs=self._runs.of(key),
            history_limits=_history_limits(resource.task),
            freshness_seconds=resource.task.spec.freshness_seconds if resource.task else None,
            redis_problem=self._redis.problem,
            redis_is_down=self._redis.is_down,
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
        self._secrets.forget(key)
        self._paused.pop(key, None)
        self._accepted.pop(key, None)
        self._written.pop(key, None)
        self._heavy.pop(key, None)
        self._status.forget(key)


def _arguments(resource: Resource) -> Mapping[str, object]:
    return resource.task.spec.arguments if resource.task else {}


def _classification(verdict: Verdict | None) -> Classification | None:
    """A task that cannot run by its class is told which that is."""
    return verdict.classification if isinstance(verdict, Refused) else None


def _condition(
    resource: Resource, verdict: Verdict | None, job: Job | None, due: datetime | None, missing: Sequence[TaskKey]
) -> Condition:
    if resource.problem or verdict is None:
        return Condition(False, ConditionReason.BAD_MANIFEST, resource.problem)
    if isinstance(verdict, Refused):
        return Condition(False, verdict.reason, "; ".join(verdict.messages))
    if isinstance(verdict, Pending):
        return Condition(None, ConditionReason.CATALOG_PENDING, verdict.message)
    reason, message = _how_it_runs(resource, job, due)
    unknown = f"spec.triggers: there is no ScheduledTask {', '.join(map(str, missing))} yet" if missing else ""
    return Condition(True, reason, "; ".join(part for part in (message, unknown) if part))


def _how_it_runs(resource: Resource, job: Job | None, due: datetime | None) -> tuple[ConditionReason, str]:
    if resource.is_paused:
        return ConditionReason.NAMESPACE_PAUSED, f"paused by its namespace: it has the annotation {PAUSED_ANNOTATION}"
    if job is not None and job.suspended:
        return ConditionReason.SUSPENDED, "spec.suspend is true"
    if job is not None and job.schedule is None and resource.task is not None and resource.task.spec.triggers:
        parents = dict.fromkeys(trigger.scheduled_task for trigger in resource.task.spec.triggers)
        return ConditionReason.TRIGGERED, f"it runs when {', '.join(parents)} ends"
    if job is not None and job.schedule is None:
        return ConditionReason.ON_DEMAND, "there is no schedule"
    if job is not None and due is None:
        return ConditionReason.NO_MORE_SLOTS, "no slot of spec.schedule is to come"
    return ConditionReason.SCHEDULED, ""


def _history_limits(task: ScheduledTask | None) -> HistoryLimits:
    if task is None:
        return HistoryLimits()
    return HistoryLimits(task.spec.successful_runs_history_limit, task.spec.failed_runs_history_limit)


def _next_due(job: Job | None, now: datetime) -> datetime | None:
    if job is None or job.schedule is None or job.suspended:
        return None
    coming = next_due(job.key, job.schedule, now)
    return coming.due_at if coming else None
