"""Everything of the loop that runs at the same time, put together."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scheduledtask_operator.control.grants import keep_granting
from scheduledtask_operator.control.heavy_jobs import HeavyJob
from scheduledtask_operator.control.keyed_queue import KeyedQueue, Measured
from scheduledtask_operator.control.pool_scaler import PoolScaler
from scheduledtask_operator.control.ports import (
    Catalogs,
    Clock,
    Leadership,
    Memory,
    Observer,
    Pools,
    Resources,
    Secrets,
    StatusSink,
)
from scheduledtask_operator.control.reconcile import Defaults, Reconciler
from scheduledtask_operator.control.redis_view import RedisView
from scheduledtask_operator.control.runs import RunBook
from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_operator.control.secret_book import SecretBook
from scheduledtask_operator.control.trigger_book import TriggerBook
from scheduledtask_operator.decisions.light_allowance import NO_BOUNDS, LightAllowance
from scheduledtask_workloads.contract import RunRecord, TaskKey
from scheduledtask_workloads.contract.messages import (
    CancelRun,
    GrantAcknowledged,
    PoolDepth,
    RunChanged,
    SchedulerStatus,
    SchedulerToControl,
    SlotsSkipped,
    TaskHistory,
)

QUEUE_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Ports:
    resources: Resources
    catalogs: Catalogs
    memory: Memory
    leadership: Leadership
    pools: Pools
    status: StatusSink
    observer: Observer
    clock: Clock
    secrets: Secrets


class Controller:
    """`run` until cancelled; `resources_changed` whenever a resource may have."""

    def __init__(
        self,
        ports: Ports,
        *,
        control_socket: Path,
        defaults: Defaults,
        measured: Measured | None = None,
        allowance: LightAllowance = NO_BOUNDS,
    ) -> None:
        self._ports = ports
        self.queue: KeyedQueue[TaskKey] = KeyedQueue(measured)
        self.runs = RunBook()
        self.triggers = TriggerBook(ports.resources, ports.memory)
        self.link = SchedulerLink(control_socket, receive=self._receive, connected=self._connected)
        self._secrets = SecretBook(ports.secrets, self.resources_changed)
        self._terminating: set[str] = set()
        self._redis = RedisView()
        heavy: dict[TaskKey, HeavyJob] = {}
        self._scaler = PoolScaler(
            heavy=heavy,
            pools=ports.pools,
            leadership=ports.leadership,
            observer=ports.observer,
            clock=ports.clock,
            changed=self.resources_changed,
        )
        self._reconciler = Reconciler(
            resources=ports.resources,
            catalogs=ports.catalogs,
            memory=ports.memory,
            link=self.link,
            runs=self.runs,
            triggers=self.triggers,
            heavy=heavy,
            pool_status=self._scaler.status,
            redis=self._redis,
            status=ports.status,
            observer=ports.observer,
            clock=ports.clock,
            defaults=defaults,
            secrets=self._secrets,
            allowance=allowance,
        )
        self._acknowledged = False
        self.scheduler: SchedulerStatus | None = None

    async def run(self) -> None:
        """The scheduler hears of jobs only when all are known: it drops what it is not told of."""
        async with asyncio.TaskGroup() as group:
            for _ in range(QUEUE_WORKERS):
                group.create_task(self.queue.work(self._reconciler.reconcile))
            self.resources_changed(self._ports.resources.keys())
            await self.queue.settled()
            group.create_task(self.link.run())
            group.create_task(keep_granting(self.link, self._ports.leadership, self._ports.clock))
            group.create_task(self._scaler.run())
            group.create_task(self._secrets.run())

    def resources_changed(self, keys: Iterable[TaskKey]) -> None:
        for key in self.triggers.changed(keys):
            self.queue.add(key)

    @property
    def is_ready(self) -> bool:
        """Whether the scheduler has its jobs, a grant, Redis and runners."""
        status = self.scheduler
        return bool(self._acknowledged and status and status.redis_reachable and status.runners_connected)

    def namespace_terminating(self, namespace: str) -> None:
        """It is being deleted: its runs end now, so that it can go."""
        self._terminating.add(namespace)
        for record in self.runs.active(namespace):
            self._cancel(record)

    def namespace_gone(self, namespace: str) -> None:
        """One of the same name may come again."""
        self._terminating.discard(namespace)

    def _cancel(self, record: RunRecord) -> None:
        self.link.ask(CancelRun(namespace=record.namespace, name=record.name, run_id=record.run_id))

    def stop_firing(self) -> None:
        """No new slot; workers stay only for what waits or runs."""
        self.link.stop_firing()
        self._scaler.drain()

    def close_pools(self) -> None:
        """Every run has ended: workers go, whatever still waits in a queue."""
        self._scaler.close()

    def _connected(self, connected: bool) -> None:
        if not connected:
            self.scheduler, self._acknowledged = None, False
            self._scaler.forget_depths()
            self._redis.scheduler_gone()
        self._ports.observer.scheduler_connected(connected)

    def _receive(self, message: SchedulerToControl) -> None:
        self._ports.observer.scheduler_said(message)
        match message:
            case RunChanged(record=record):
                self._run_changed(record)
            case TaskHistory():
                self._load_history(message)
            case SlotsSkipped() if self.runs.skip(message):
                self._ports.observer.slots_skipped(message)
            case PoolDepth():
                self._scaler.depth_changed(message)
            case GrantAcknowledged():
                self._acknowledged = True
            case SchedulerStatus():
                self._scheduler_changed(message)

    def _scheduler_changed(self, status: SchedulerStatus) -> None:
        self.scheduler = status
        if self._redis.hear(status, self._ports.clock.boottime_seconds()):
            self.resources_changed(self._ports.resources.keys())

    def _run_changed(self, record: RunRecord) -> None:
        if record.namespace in self._terminating and not record.state.final:
            self._cancel(record)
        if self.runs.change(record):
            self._ports.observer.run_changed(record)
            self.queue.add(TaskKey(record.namespace, record.name))

    def _load_history(self, history: TaskHistory) -> None:
        key = TaskKey(history.namespace, history.name)
        for record in self.runs.load(key, history.records):
            self._ports.observer.history_read(record)
        self.queue.add(key)
