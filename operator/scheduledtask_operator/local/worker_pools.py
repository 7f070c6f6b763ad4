"""The pools' workers as child processes."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from scheduledtask_operator.control.ports import PoolKey, PoolWorkers
from scheduledtask_operator.decisions.sizing import PoolShape
from scheduledtask_operator.local.supervisor import Program, Supervised, Supervisor
from scheduledtask_workloads.contract.secrets import SecretReference

MakeWorker = Callable[[PoolKey, str, Path, tuple[SecretReference, ...]], Program]
"""From the pool, the process's name, its heartbeat file and the Secrets that its tasks refer to."""


class LocalPools:
    """`is_busy(pid)` says whether task code runs below that process."""

    def __init__(
        self, supervisor: Supervisor, make_worker: MakeWorker, heartbeats: Path, is_busy: Callable[[int], bool]
    ) -> None:
        self._supervisor = supervisor
        self._make_worker = make_worker
        self._heartbeats = heartbeats
        self._is_busy = is_busy
        self._workers: dict[PoolKey, list[Supervised]] = {}
        self._references: dict[PoolKey, tuple[SecretReference, ...]] = {}

    def observe(self, pool: PoolKey) -> PoolWorkers:
        staying = self._staying(pool)
        return PoolWorkers(replicas=len(staying), ready=sum(worker.alive for worker in staying))

    def counts(self) -> dict[PoolKey, tuple[int, int]]:
        """For each pool: workers that are ready, and all that still run. The view asks from a thread of its own."""
        return {
            pool: (self.observe(pool).ready, sum(not worker.gone for worker in workers))
            for pool, workers in list(self._workers.items())
        }

    async def set_replicas(self, pool: PoolKey, replicas: int) -> None:
        self._workers[pool] = [worker for worker in self._workers.get(pool, []) if not worker.gone]
        staying = self._staying(pool)
        for _ in range(replicas - len(staying)):
            await self._start_one(pool)
        idle = [worker for worker in reversed(staying) if worker.pid is None or not self._is_busy(worker.pid)]
        for worker in idle[: max(0, len(staying) - replicas)]:
            worker.leave()

    async def shape(self, pool: PoolKey, shape: PoolShape) -> None:
        """Processes of this machine have neither image nor size. Other Secrets are for new workers, as in a cluster."""
        before = self._references.get(pool)
        self._references[pool] = shape.secrets
        if before is not None and before != shape.secrets:
            await self._renew(pool)

    async def forget(self, pool: PoolKey) -> None:
        self._workers.pop(pool, None)
        self._references.pop(pool, None)

    def problem(self, pool: PoolKey) -> str:
        """A worker that cannot start is told of by the supervisor."""
        return ""

    async def renew(self) -> None:
        """New workers in the place of all: they load the task code anew. The old ones end their run first."""
        for pool in list(self._workers):
            await self._renew(pool)

    async def _renew(self, pool: PoolKey) -> None:
        staying = self._staying(pool)
        for worker in staying:
            worker.leave()
        await self.set_replicas(pool, len(staying))

    def all_gone(self) -> bool:
        return all(worker.gone for workers in self._workers.values() for worker in workers)

    def _staying(self, pool: PoolKey) -> list[Supervised]:
        return [worker for worker in self._workers.get(pool, []) if not (worker.gone or worker.leaving)]

    async def _start_one(self, pool: PoolKey) -> None:
        name = next(name for name in _names(pool) if name not in self._supervisor.names)
        references = self._references.get(pool, ())
        program = self._make_worker(pool, name, self._heartbeats / f"{name}.heartbeat", references)
        worker = await self._supervisor.start(program)
        self._workers[pool].append(worker)


def _names(pool: PoolKey) -> Iterator[str]:
    return (f"worker-{pool.namespace}-{pool.pool}-{number}" for number in count(1))
