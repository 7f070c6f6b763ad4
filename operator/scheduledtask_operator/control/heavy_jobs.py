"""A heavy task as its pool sees it."""

from dataclasses import dataclass

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.decisions.classification import merge_profile
from scheduledtask_operator.decisions.scaling import PoolLimits
from scheduledtask_operator.decisions.sizing import PoolMember, pool_member
from scheduledtask_workloads.contract import CatalogEntry, Job


@dataclass(frozen=True, slots=True)
class HeavyJob:
    """A job with how many workers its pool may have for it, and what they are to be like."""

    job: Job
    limits: PoolLimits
    member: PoolMember

    @property
    def pool(self) -> PoolKey:
        return PoolKey(self.job.namespace, self.job.pool)


def heavy_job(task: ScheduledTask, entry: CatalogEntry, job: Job, default_image: str) -> HeavyJob:
    """`job` is what was resolved from the other two; `default_image` is for workers that name none."""
    worker = task.spec.worker
    return HeavyJob(
        job=job,
        limits=PoolLimits(worker.min_replicas, worker.max_replicas, worker.idle_seconds),
        member=pool_member(task, merge_profile(entry.profile, task.spec.profile), job, default_image),
    )
