"""What is known of each pool's objects, from the watch and from the answers to our own writes."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from scheduledtask_operator.cluster.client import Object
from scheduledtask_operator.cluster.pod_problems import joined_problems
from scheduledtask_operator.cluster.pool_objects import (
    WorkerDeployment,
    WorkerPod,
    pool_of,
    read_deployment,
    read_pod,
)
from scheduledtask_operator.control.ports import PoolKey, PoolWorkers
from scheduledtask_workloads.contract.messages import WorkerSeen


@dataclass(slots=True)
class KnownPool:
    """`workers` is what the scheduler said last, None when it could not know."""

    deployment: WorkerDeployment | None = None
    pods: dict[str, WorkerPod] = field(default_factory=dict)
    workers: tuple[WorkerSeen, ...] | None = None
    workers_seen_at: float = 0.0

    @property
    def replicas(self) -> int:
        return self.deployment.replicas if self.deployment else 0

    @property
    def staying(self) -> list[WorkerPod]:
        return [pod for pod in self.pods.values() if not pod.terminating]

    def problem(self) -> str:
        """Empty where no worker is asked for."""
        if self.deployment is None or not self.deployment.replicas:
            return ""
        problems = [pod.problem for pod in self.staying if pod.problem]
        return self.deployment.problem or joined_problems(problems)


class PoolBook:
    """Objects that are not of a pool are ignored; an older version of a Deployment than the known one, too."""

    def __init__(self) -> None:
        self._pools: dict[PoolKey, KnownPool] = {}

    def __iter__(self) -> Iterator[PoolKey]:
        return iter(list(self._pools))

    def of(self, pool: PoolKey) -> KnownPool:
        return self._pools.get(pool, KnownPool())

    def observe(self, pool: PoolKey) -> PoolWorkers:
        known = self.of(pool)
        return PoolWorkers(replicas=known.replicas, ready=sum(pod.ready for pod in known.staying))

    def put_deployment(self, item: Object) -> None:
        key = pool_of(item)
        if key is None:
            return
        known, seen = self._pools.setdefault(key, KnownPool()), read_deployment(item)
        if known.deployment is None or known.deployment.version < seen.version:
            known.deployment = seen

    def put_scale(self, pool: PoolKey, scale: Object) -> None:
        """The answer to a change of the count."""
        known = self.of(pool)
        if known.deployment is not None:
            version, replicas = int(scale["metadata"]["resourceVersion"]), int(scale["spec"].get("replicas", 0))
            known.deployment = replace(known.deployment, version=version, replicas=replicas)

    def put_pod(self, item: Object) -> None:
        key = pool_of(item)
        if key is not None:
            pod = read_pod(item)
            self._pools.setdefault(key, KnownPool()).pods[pod.name] = pod

    def update_pod(self, item: Object) -> None:
        """The answer to a change of a pod, which may be gone since."""
        key = pool_of(item)
        if key is not None and item["metadata"]["name"] in self.of(key).pods:
            self.put_pod(item)

    def put_workers(self, pool: PoolKey, workers: tuple[WorkerSeen, ...] | None, seen_at: float) -> None:
        """Only of pools that have something here: the scheduler also tells of those whose objects are gone."""
        known = self._pools.get(pool)
        if known is not None:
            known.workers, known.workers_seen_at = workers, seen_at

    def drop_deployment(self, item: Object) -> None:
        """Not when another of that name is there already."""
        key = pool_of(item)
        known = self._pools.get(key) if key else None
        if key and known and known.deployment and known.deployment.uid == item["metadata"]["uid"]:
            self.drop(key)

    def drop(self, pool: PoolKey) -> None:
        """There is no Deployment."""
        if pool in self._pools:
            self._pools[pool].deployment = None
            self._drop_empty(pool)

    def drop_pod(self, item: Object) -> None:
        key = pool_of(item)
        if key in self._pools:
            self._pools[key].pods.pop(item["metadata"]["name"], None)
            self._drop_empty(key)

    def _drop_empty(self, key: PoolKey) -> None:
        if self._pools[key].deployment is None and not self._pools[key].pods:
            del self._pools[key]
