"""The pools' workers as pods. Every call does one step from what is known to what is wanted, and is made again."""

import asyncio
import logging
from collections.abc import Callable, Container

from scheduledtask_operator.cluster.client import Client, Object
from scheduledtask_operator.cluster.errors import ApiError, ClusterError
from scheduledtask_operator.cluster.kinds import WORKER_PODS
from scheduledtask_operator.cluster.leaving import choose_leavers
from scheduledtask_operator.cluster.pool_book import KnownPool, PoolBook
from scheduledtask_operator.cluster.pool_objects import DELETION_COST
from scheduledtask_operator.cluster.pool_shapes import PoolShapes, deployment_path
from scheduledtask_operator.control.ports import Clock, Leadership, PoolKey, PoolWorkers
from scheduledtask_operator.decisions.sizing import PoolShape
from scheduledtask_operator.manifests.naming import BUSY_LABEL
from scheduledtask_operator.manifests.workers import DEFAULT_PULL_POLICY
from scheduledtask_workloads.contract.messages import PoolWorkersSeen

WORKERS_STALE_SECONDS = 5.0  # they are told each second; older, and it is not known who is busy
FIRST_TO_GO = "-100"  # any cost below 0, which every other pod has
LABELS_PERIOD_SECONDS = 1.0
logger = logging.getLogger(__name__)


class KubernetesPools:
    """The `Pools` port. Feed it `deployment_*`, `pod_*` and `workers_seen`, and keep `run` running.

    Until the first list of Deployments and pods has been fed in, what it observes is not to be acted on.
    """

    def __init__(
        self,
        client: Client,
        *,
        drain: Callable[[PoolKey, tuple[str, ...]], object],
        leadership: Leadership,
        clock: Clock,
        image_pull_policy: str = DEFAULT_PULL_POLICY,
        redis_authorities: bool = False,
    ) -> None:
        """`drain` asks that these hosts take no new runs; it holds for a few seconds. `redis_authorities`: the Secret
        of a namespace's Redis user has the CAs that vouch for Redis."""
        self._client = client
        self._drain = drain
        self._leadership = leadership
        self._clock = clock
        self._shapes = PoolShapes(client, image_pull_policy=image_pull_policy, redis_authorities=redis_authorities)
        self._book = PoolBook()

    def deployment_changed(self, item: Object) -> None:
        self._book.put_deployment(item)

    def deployment_gone(self, item: Object) -> None:
        self._book.drop_deployment(item)

    def pod_changed(self, item: Object) -> None:
        self._book.put_pod(item)

    def pod_gone(self, item: Object) -> None:
        self._book.drop_pod(item)

    def workers_seen(self, seen: PoolWorkersSeen) -> None:
        pool = PoolKey(seen.namespace, seen.pool)
        self._book.put_workers(pool, seen.workers, self._clock.boottime_seconds())

    def observe(self, pool: PoolKey) -> PoolWorkers:
        return self._book.observe(pool)

    def owners(self, pool: PoolKey) -> frozenset[str]:
        """The ScheduledTasks that its Deployment is said to belong to."""
        deployment = self._book.of(pool).deployment
        return deployment.owners if deployment else frozenset()

    def has_pods(self, namespace: str) -> bool:
        """Also while the last of them end."""
        return any(self._book.of(pool).pods for pool in self._book if pool.namespace == namespace)

    def problem(self, pool: PoolKey) -> str:
        return self._shapes.refusal(pool) or self._book.of(pool).problem()

    async def shape(self, pool: PoolKey, shape: PoolShape) -> None:
        """A shape that is refused is told by `problem`. Raises ClusterError when trying again may help."""
        known = self._book.of(pool).deployment
        written = await self._shapes.bring(pool, shape, known, self._clock.boottime_seconds())
        if written is not None:
            self._book.put_deployment(written)

    async def set_replicas(self, pool: PoolKey, replicas: int) -> None:
        """Raises ClusterError. Does nothing for a pool without a Deployment: its shape was refused."""
        known = self._book.of(pool)
        if known.deployment is None:
            return
        if replicas > known.replicas:
            await self._scale(pool, replicas)
        elif replicas < known.replicas:
            await self._lower(pool, known, replicas)

    async def forget(self, pool: PoolKey) -> None:
        if self._book.of(pool).deployment is not None:
            await self._remove(pool)
        else:
            self._shapes.forget(pool)

    async def remove_unwanted(self, wanted: Container[PoolKey]) -> None:
        """Deployments of an earlier life that no resource asks for any more; one without an owner was given away.

        Raises ClusterError.
        """
        for pool in self._book:
            deployment = self._book.of(pool).deployment
            if pool not in wanted and deployment is not None and deployment.owners:
                logger.info("removing a pool that nothing asks for", extra=pool._asdict())
                await self._remove(pool)

    async def run(self) -> None:
        """Keeps the label by which a disruption budget knows the pods that have a run under way."""
        while True:
            if self._leadership.fence() is not None:
                await self.label_busy_pods()
            await asyncio.sleep(LABELS_PERIOD_SECONDS)

    async def label_busy_pods(self) -> None:
        """One look at every pool; what fails is tried again at the next."""
        for pool in self._book:
            known = self._book.of(pool)
            busy_hosts = {worker.host for worker in known.workers or () if worker.runs}
            for pod in known.staying:
                if self._are_known(known) and pod.busy != (pod.name in busy_hosts):
                    text = "true" if pod.name in busy_hosts else "false"
                    await self._patch_pod(pool, pod.name, {"labels": {BUSY_LABEL: text}})

    async def _remove(self, pool: PoolKey) -> None:
        await self._shapes.remove(pool)
        self._book.drop(pool)

    async def _lower(self, pool: PoolKey, known: KnownPool, replicas: int) -> None:
        workers = known.workers if self._are_known(known) else None
        leaving = choose_leavers(known.pods.values(), workers, known.replicas, replicas)
        if leaving.drain:
            self._drain(pool, leaving.drain)
        for name in leaving.mark:
            await self._patch_pod(pool, name, {"annotations": {DELETION_COST: FIRST_TO_GO}})
        for name in leaving.unmark:
            await self._patch_pod(pool, name, {"annotations": {DELETION_COST: None}})
        if leaving.replicas < known.replicas:
            await self._scale(pool, leaving.replicas)

    def _are_known(self, known: KnownPool) -> bool:
        """Whether it is known now who is busy."""
        age_seconds = self._clock.boottime_seconds() - known.workers_seen_at
        return known.workers is not None and age_seconds <= WORKERS_STALE_SECONDS

    async def _scale(self, pool: PoolKey, replicas: int) -> None:
        try:
            scale = await self._client.merge(deployment_path(pool, "scale"), {"spec": {"replicas": replicas}})
        except ApiError as error:
            if not error.is_missing:
                raise
            self._book.drop(pool)  # the next shape makes it anew
        else:
            self._book.put_scale(pool, scale)

    async def _patch_pod(self, pool: PoolKey, name: str, metadata: Object) -> None:
        """A pod that is gone needs none; what else goes wrong is seen again at the next step."""
        try:
            path = WORKER_PODS.path(pool.namespace, name)
            self._book.update_pod(await self._client.merge(path, {"metadata": metadata}))
        except ApiError as error:
            if not error.is_missing:
                logger.warning("pod %s could not be changed: %s", name, error, extra=pool._asdict())
        except ClusterError as error:
            logger.warning("pod %s could not be changed: %s", name, error, extra=pool._asdict())
