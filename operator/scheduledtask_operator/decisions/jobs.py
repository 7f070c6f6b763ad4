"""From a resource and its class to the job that the scheduler holds: every default is filled in here."""

from datetime import datetime

from scheduledtask_operator.api import ScheduledTask, ScheduledTaskSpec
from scheduledtask_operator.decisions.classification import Classification, merge_profile
from scheduledtask_workloads.contract import (
    CatalogEntry,
    CatchUp,
    ConcurrencyPolicy,
    Job,
    JobSchedule,
    RetryPolicy,
    TaskClass,
)

LIGHT_TIMEOUT_SECONDS = 300.0  # the limit of the light class: what takes longer is heavy
HEAVY_TIMEOUT_LIMIT_SECONDS = 86_400.0
HEAVY_TIMEOUT_FACTOR = 2  # room for a slow machine over the declared duration
LIGHT_MEMORY_LIMIT_BYTES = 500 * 1000**2  # the limit of the light class
HEAVY_MEMORY_HEADROOM = 1.25  # over the declared peak
FOLLOWED_HISTORY_LIMIT = 20
"""What a task keeps at least whose ends are triggers: runs that end while nobody leads are followed from there."""
BODY_BASE_BYTES = 64 * 1024**2  # what a body's process holds before its first line: 48 MiB, measured in a pod


def resolve_job(
    task: ScheduledTask,
    entry: CatalogEntry,
    classification: Classification,
    *,
    created_at: datetime,
    effective_from: datetime,
    artifacts_url: str,
    is_followed: bool = False,
    is_paused: bool = False,
) -> Job:
    """`effective_from`: since when this schedule counts. `artifacts_url`: where artifacts go unless spec says.
    `is_followed`: others' triggers name it. `is_paused`: its namespace is.
    """
    spec, task_class = task.spec, classification.task_class
    profile = merge_profile(entry.profile, spec.profile)
    return Job(
        namespace=task.metadata.namespace,
        name=task.metadata.name,
        task_class=task_class,
        task=spec.task,
        arguments=spec.arguments,
        schedule=_schedule(spec, created_at, effective_from),
        suspended=spec.suspend or is_paused,
        starting_deadline_seconds=spec.starting_deadline_seconds,
        catch_up=CatchUp(spec.catch_up),
        concurrency_policy=ConcurrencyPolicy(spec.concurrency_policy),
        max_concurrency=spec.max_concurrency,
        timeout_seconds=timeout_seconds(spec.timeout_seconds, profile.duration_seconds, task_class),
        memory_limit_bytes=memory_limit_bytes(profile.memory_bytes, task_class),
        retry=_retry(spec),
        pool=pool_name(task, task_class),
        artifacts_url=artifacts_url if spec.artifacts is None else spec.artifacts.url,
        history_limit=_history_limit(spec, is_followed),
    )


def beginning(job: Job, now: datetime) -> Job:
    """The same, with a schedule that counts from `now` on: slots before it are not caught up."""
    if job.schedule is None:
        return job
    schedule = job.schedule.model_copy(update={"effective_from_epoch_seconds": int(now.timestamp())})
    return job.model_copy(update={"schedule": schedule})


def timeout_seconds(asked: float | None, duration_seconds: float | None, task_class: TaskClass) -> float:
    """What was asked for; else 300 for light, and for heavy twice the declared duration, at most a day."""
    if asked is not None:
        return float(asked)
    if task_class is TaskClass.LIGHT:
        return LIGHT_TIMEOUT_SECONDS
    if duration_seconds is None:
        return HEAVY_TIMEOUT_LIMIT_SECONDS
    return min(HEAVY_TIMEOUT_FACTOR * duration_seconds, HEAVY_TIMEOUT_LIMIT_SECONDS)


def memory_limit_bytes(memory_bytes: int | None, task_class: TaskClass) -> int | None:
    """Light: the class's limit. Heavy: the declared peak with headroom; None when nothing is declared.

    A small declared peak is read as what the task adds to its process, which alone would break it.
    """
    if task_class is TaskClass.LIGHT:
        return LIGHT_MEMORY_LIMIT_BYTES
    if memory_bytes is None:
        return None
    return max(int(memory_bytes * HEAVY_MEMORY_HEADROOM), BODY_BASE_BYTES + memory_bytes)


def pool_name(task: ScheduledTask, task_class: TaskClass) -> str:
    """A heavy task's queue: the one it names, else one of its own."""
    return "" if task_class is TaskClass.LIGHT else task.spec.worker.pool or task.metadata.name


def _history_limit(spec: ScheduledTaskSpec, is_followed: bool) -> int:
    shown = max(1, spec.successful_runs_history_limit + spec.failed_runs_history_limit)
    return max(shown, FOLLOWED_HISTORY_LIMIT, 2 * spec.max_concurrency) if is_followed else shown


def _schedule(spec: ScheduledTaskSpec, created_at: datetime, effective_from: datetime) -> JobSchedule | None:
    if spec.schedule is None:
        return None
    return JobSchedule(
        expression=spec.schedule,
        time_zone=spec.time_zone,
        dst_policy=spec.dst_policy,
        jitter_seconds=spec.jitter_seconds,
        anchor_epoch_seconds=int(created_at.timestamp()),
        effective_from_epoch_seconds=int(effective_from.timestamp()),
    )


def _retry(spec: ScheduledTaskSpec) -> RetryPolicy:
    return RetryPolicy(
        limit=spec.retry.limit,
        backoff_seconds=spec.retry.backoff_seconds,
        max_backoff_seconds=spec.retry.max_backoff_seconds,
        on_lost=spec.retry.on_lost,
    )
