"""Which pools the resources ask for, also those of which it is not known what they ask for. Pure."""

from collections.abc import Callable, Collection, Mapping

from scheduledtask_operator.control.ports import PoolKey, Resource
from scheduledtask_workloads.contract import Job, TaskKey


class WantedPools:
    """A resource without a job, such as one whose manifest is bad, may still want the pool of its own name, the one
    that its manifest names, and any whose Deployment names it as an owner. Others of its namespace may go.

    Where a namespace has no resources it is not ours to say: with the last one that uses it, Kubernetes removes a
    pool by itself.
    """

    def __init__(
        self,
        resources: Mapping[TaskKey, Resource],
        jobs: Mapping[TaskKey, Job],
        owners: Callable[[PoolKey], Collection[str]],
    ) -> None:
        """`owners` are the ScheduledTasks that a pool's Deployment names."""
        self._owners = owners
        self._namespaces = {key.namespace for key in resources}
        self._pools = {PoolKey(job.namespace, job.pool) for job in jobs.values()}
        self._without_job = resources.keys() - jobs.keys()
        for key in self._without_job:
            task = resources[key].task
            self._pools.add(PoolKey(key.namespace, key.name))
            self._pools.add(PoolKey(key.namespace, (task.spec.worker.pool if task else None) or key.name))

    def __contains__(self, pool: object) -> bool:
        if not isinstance(pool, PoolKey) or pool.namespace not in self._namespaces or pool in self._pools:
            return True
        return any(TaskKey(pool.namespace, owner) in self._without_job for owner in self._owners(pool))
