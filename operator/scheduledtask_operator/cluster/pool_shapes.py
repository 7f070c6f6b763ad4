"""Brings a pool's objects into their shape, when they are not: service account, disruption budget, Deployment."""

import hashlib
import json
from dataclasses import dataclass

from scheduledtask_operator.cluster.client import Client, Object, object_path
from scheduledtask_operator.cluster.errors import ApiError
from scheduledtask_operator.cluster.kinds import WORKER_DEPLOYMENTS
from scheduledtask_operator.cluster.pod_problems import shortened
from scheduledtask_operator.cluster.pool_objects import SHAPE_HASH, WorkerDeployment, read_deployment
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.decisions.sizing import PoolShape
from scheduledtask_operator.manifests.naming import WORKER_SERVICE_ACCOUNT, pool_object_name
from scheduledtask_operator.manifests.strategic_merge import PodTemplateError
from scheduledtask_operator.manifests.workers import disruption_budget, worker_deployment, worker_service_account

REFUSED_AGAIN_SECONDS = 30.0  # a quota that was raised, a namespace whose labels were changed


@dataclass(frozen=True, slots=True)
class _Settled:
    """`shape` was applied, and the API server made `spec` of it."""

    shape: PoolShape
    spec: Object


@dataclass(frozen=True, slots=True)
class _Refused:
    shape: PoolShape
    message: str
    until: float


class PoolShapes:
    """A change by others is undone when it is seen, as with every field that is ours."""

    def __init__(self, client: Client, *, image_pull_policy: str, redis_authorities: bool) -> None:
        self._client = client
        self._redis_authorities = redis_authorities
        self._image_pull_policy = image_pull_policy
        self._settled: dict[PoolKey, _Settled] = {}
        self._refused: dict[PoolKey, _Refused] = {}
        self._accounts: set[str] = set()

    def refusal(self, pool: PoolKey) -> str:
        refused = self._refused.get(pool)
        return refused.message if refused else ""

    def forget(self, pool: PoolKey) -> None:
        self._settled.pop(pool, None)
        self._refused.pop(pool, None)

    async def bring(self, pool: PoolKey, shape: PoolShape, known: WorkerDeployment | None, now: float) -> Object | None:
        """The Deployment when it was written, None when nothing was to be done or the API server refuses it.

        `now` is seconds on any clock that does not go back. Raises ClusterError when trying again may help.
        """
        settled, refused = self._settled.get(pool), self._refused.get(pool)
        if settled and known and settled.shape == shape and settled.spec == known.spec:
            return None
        if refused and refused.shape == shape and now < refused.until:
            return None
        try:
            return await self._bring(pool, shape, known, drifted=settled is not None and settled.shape == shape)
        except PodTemplateError as error:
            self._refuse(pool, shape, str(error), now)
        except ApiError as error:
            if error.is_passing:
                raise
            message = shortened(f"the API server refuses its workers: {error.message}")
            self._refuse(pool, shape, message, now)
        return None

    async def _bring(
        self, pool: PoolKey, shape: PoolShape, known: WorkerDeployment | None, *, drifted: bool
    ) -> Object | None:
        manifest = worker_deployment(
            pool.namespace,
            pool.pool,
            shape,
            image_pull_policy=self._image_pull_policy,
            redis_authorities=self._redis_authorities,
        )
        shape_hash = _hash(manifest)
        if known is not None and known.shape_hash == shape_hash and not drifted:
            self._settle(pool, shape, known.spec)
            return None
        manifest["metadata"]["annotations"] = {SHAPE_HASH: shape_hash}
        await self._apply_account(pool.namespace)
        budget = disruption_budget(pool.namespace, pool.pool, shape.owners)
        await self._client.apply(_budget_path(pool), budget)
        known = known or await self._read(pool)  # the watch may be behind
        if known is None or (known.spec.get("paused") and not known.shape_hash):
            await self._create_without_workers(pool, manifest)
        applied = await self._client.apply(deployment_path(pool), manifest)
        self._settle(pool, shape, read_deployment(applied).spec)
        return applied

    async def _read(self, pool: PoolKey) -> WorkerDeployment | None:
        try:
            return read_deployment(await self._client.get(deployment_path(pool)))
        except ApiError as error:
            if not error.is_missing:
                raise
            return None

    async def _create_without_workers(self, pool: PoolKey, manifest: Object) -> None:
        """A Deployment that does not say how many replicas gets one. Paused it starts none, until it has been told 0.

        Only what is applied last bears the shape's hash: who is interrupted here begins anew.
        """
        paused = {**manifest, "spec": {**manifest["spec"], "paused": True}}
        paused["metadata"] = {**manifest["metadata"], "annotations": {}}
        await self._client.apply(deployment_path(pool), paused)
        await self._client.merge(deployment_path(pool, "scale"), {"spec": {"replicas": 0}})

    async def _apply_account(self, namespace: str) -> None:
        if namespace not in self._accounts:
            path = object_path("v1", "serviceaccounts", namespace=namespace, name=WORKER_SERVICE_ACCOUNT)
            await self._client.apply(path, worker_service_account(namespace))
            self._accounts.add(namespace)

    async def remove(self, pool: PoolKey) -> None:
        """Its pods end their runs within their grace. Raises ClusterError."""
        self.forget(pool)
        for path in (deployment_path(pool), _budget_path(pool)):
            try:
                await self._client.delete(path)
            except ApiError as error:
                if not error.is_missing:
                    raise

    def _settle(self, pool: PoolKey, shape: PoolShape, spec: Object) -> None:
        self._settled[pool] = _Settled(shape, spec)
        self._refused.pop(pool, None)

    def _refuse(self, pool: PoolKey, shape: PoolShape, message: str, now: float) -> None:
        self._refused[pool] = _Refused(shape, message, now + REFUSED_AGAIN_SECONDS)


def deployment_path(pool: PoolKey, subresource: str = "") -> str:
    return WORKER_DEPLOYMENTS.path(pool.namespace, pool_object_name(pool.pool), subresource)


def _budget_path(pool: PoolKey) -> str:
    name = pool_object_name(pool.pool)
    return object_path("policy/v1", "poddisruptionbudgets", namespace=pool.namespace, name=name)


def _hash(manifest: Object) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:16]
