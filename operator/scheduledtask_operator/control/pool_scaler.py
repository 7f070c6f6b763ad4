"""The pools' workers: up for what waits and what comes soon, down when idle. What it decides is in `decisions`."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

from scheduledtask_operator.control.due import due_slots
from scheduledtask_operator.control.heavy_jobs import HeavyJob
from scheduledtask_operator.control.lead_time import LeadTime
from scheduledtask_operator.control.ports import Clock, Leadership, Observer, PoolKey, Pools, PoolWorkers
from scheduledtask_operator.control.status import PoolStatus
from scheduledtask_operator.decisions.scaling import (
    HOLDING,
    JUST_DUE_SECONDS,
    PoolLimits,
    PoolObservation,
    ScaleCause,
    ScaleDecision,
    decide_scale,
)
from scheduledtask_operator.decisions.sizing import PoolShape, shape_pool
from scheduledtask_workloads.contract import TaskKey
from scheduledtask_workloads.contract.messages import PoolDepth

PERIOD_SECONDS = 1.0
LOOK_AHEAD_LEAD_TIMES = 4  # more than decide_scale looks at
UPCOMING_LIMIT = 1000  # slots a job; no pool has more workers
NO_WORKERS = PoolLimits(min_replicas=0, max_replicas=0, idle_seconds=0.0)
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Pool:
    depth: PoolDepth | None = None
    busy_at: datetime | None = None
    lead_time: LeadTime = field(default_factory=LeadTime)
    shape: PoolShape | None = None
    conflicts: Mapping[str, str] = field(default_factory=dict)
    status: PoolStatus | None = None


class PoolScaler:
    """Call `depth_changed` and `forget_depths` as the scheduler tells; `run` does the rest."""

    def __init__(
        self,
        *,
        heavy: Mapping[TaskKey, HeavyJob],
        pools: Pools,
        leadership: Leadership,
        observer: Observer,
        clock: Clock,
        changed: Callable[[Iterable[TaskKey]], None],
    ) -> None:
        """`changed` hears of the tasks whose pool's status is another than before."""
        self._heavy = heavy
        self._pools = pools
        self._leadership = leadership
        self._changed = changed
        self._observer = observer
        self._clock = clock
        self._known: dict[PoolKey, _Pool] = {}
        self._draining = self._closed = False

    def status(self, heavy: HeavyJob) -> PoolStatus | None:
        """Of a task's pool; None until it was looked at."""
        pool = self._known.get(heavy.pool)
        if pool is None or pool.status is None:
            return None
        return replace(pool.status, conflict=pool.conflicts.get(heavy.job.name, ""))

    def depth_changed(self, depth: PoolDepth) -> None:
        self._known.setdefault(PoolKey(depth.namespace, depth.pool), _Pool()).depth = depth

    def forget_depths(self) -> None:
        """Nobody tells the depths for now: they are unknown, which is not zero."""
        for pool in self._known.values():
            pool.depth = None

    def drain(self) -> None:
        """From now on workers stay only for what waits or runs."""
        self._draining = True

    def close(self) -> None:
        """From now on no worker is wanted. Messages of runs that ended may still wait: a killed worker's, for one."""
        self._closed = self._draining = True

    async def run(self) -> None:
        while True:
            await self.scale(self._clock.now())
            await asyncio.sleep(PERIOD_SECONDS)

    async def scale(self, now: datetime) -> None:
        """One look at every pool. A pool that fails is looked at again the next time, and stops no other."""
        jobs_by_pool: dict[PoolKey, list[HeavyJob]] = {key: [] for key in self._known}
        for heavy in list(self._heavy.values()):
            jobs_by_pool.setdefault(heavy.pool, []).append(heavy)
        for key, jobs in jobs_by_pool.items():
            try:
                await self._look_at(key, jobs, now)
            except Exception:
                logger.exception("a pool could not be scaled, again in %g s", PERIOD_SECONDS, extra=key._asdict())

    async def _look_at(self, key: PoolKey, jobs: list[HeavyJob], now: datetime) -> None:
        pool = self._known.setdefault(key, _Pool())
        if jobs:
            pool.shape, pool.conflicts = shape_pool([heavy.member for heavy in jobs])
        decision = await self._scale_pool(key, pool, jobs, now) if self._leadership.fence() is not None else None
        workers = self._pools.observe(key)
        if not jobs and not workers.replicas:
            del self._known[key]
            if decision is not None:
                await self._pools.forget(key)
        elif decision is not None:
            self._tell(key, pool, workers, decision, jobs)

    def _tell(
        self, key: PoolKey, pool: _Pool, workers: PoolWorkers, decision: ScaleDecision, jobs: list[HeavyJob]
    ) -> None:
        status = PoolStatus(
            pool=key.pool,
            desired=decision.desired,
            ready=workers.ready,
            backlog=_backlog(pool.depth),
            reason=decision.reason,
            problem=self._pools.problem(key),
            size=pool.shape.size if pool.shape else None,
            startup_seconds=pool.lead_time.observed_seconds,
            held_by=_held_by(decision, workers),
        )
        if status != pool.status:
            pool.status = status
            self._changed(heavy.job.key for heavy in jobs)

    async def _scale_pool(self, key: PoolKey, pool: _Pool, jobs: list[HeavyJob], now: datetime) -> ScaleDecision:
        if jobs and pool.shape is not None:
            await self._pools.shape(key, pool.shape)
        workers = self._pools.observe(key)
        pool.lead_time.observe(workers.replicas, workers.ready, now)
        if pool.depth is not None and (pool.depth.ready or pool.depth.unacked):
            pool.busy_at = now
        decision = decide_scale(self._limits(pool, jobs), self._observation(pool, workers, jobs, now), now)
        if decision.desired > workers.replicas:
            pool.busy_at = now
            pool.lead_time.asked(decision.desired, now)
        if decision.desired != workers.replicas:
            await self._pools.set_replicas(key, decision.desired)
            if self._pools.observe(key).replicas != workers.replicas:  # busy workers stay, and are asked again
                self._observer.pool_scaled(key, workers.replicas, decision)
        return decision

    def _limits(self, pool: _Pool, jobs: list[HeavyJob]) -> PoolLimits:
        if self._closed or not jobs:
            return NO_WORKERS
        limits = shared_limits(heavy.limits for heavy in jobs)
        if pool.shape is not None:
            limits = replace(limits, runs_per_replica=pool.shape.size.runs_per_pod)
        return replace(limits, min_replicas=0, idle_seconds=0.0) if self._draining else limits

    def _observation(self, pool: _Pool, workers: PoolWorkers, jobs: list[HeavyJob], now: datetime) -> PoolObservation:
        depth, lead_time_seconds = pool.depth, pool.lead_time.seconds
        look_ahead = timedelta(seconds=LOOK_AHEAD_LEAD_TIMES * (lead_time_seconds + PERIOD_SECONDS))
        return PoolObservation(
            replicas=workers.replicas,
            ready=depth.ready if depth else None,
            unacked=depth.unacked if depth else None,
            upcoming=[] if self._draining else list(_upcoming(jobs, now, look_ahead)),
            lead_time_seconds=lead_time_seconds,
            busy_at=pool.busy_at,
        )


def _held_by(decision: ScaleDecision, workers: PoolWorkers) -> ScaleCause | None:
    """Busy workers stay where the count was to fall and did not."""
    if workers.replicas > decision.desired:
        return ScaleCause.BUSY
    return decision.cause if decision.cause in HOLDING else None


def _backlog(depth: PoolDepth | None) -> int | None:
    return None if depth is None else depth.ready


def shared_limits(limits: Iterable[PoolLimits]) -> PoolLimits:
    """Of tasks that share a pool: the most that any of them asks for."""
    asked = list(limits)
    return PoolLimits(
        min_replicas=max(one.min_replicas for one in asked),
        max_replicas=max(one.max_replicas for one in asked),
        idle_seconds=max(one.idle_seconds for one in asked),
    )


def _upcoming(jobs: list[HeavyJob], now: datetime, look_ahead: timedelta) -> Iterable[datetime]:
    since = now - timedelta(seconds=JUST_DUE_SECONDS)
    for heavy in jobs:
        schedule = heavy.job.schedule
        if schedule is not None and not heavy.job.suspended:
            slots = due_slots(heavy.job.key, schedule, since, now + look_ahead)
            yield from (slot.due_at for slot in islice(slots, UPCOMING_LIMIT))
