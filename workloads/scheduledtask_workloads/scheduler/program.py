"""The scheduler program: its parts put together, run, and ended."""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from scheduledtask_workloads.broker import HeavyPublisher, close_async, connect_async
from scheduledtask_workloads.contract import RunRecord
from scheduledtask_workloads.contract.heartbeat import keep_heartbeat
from scheduledtask_workloads.contract.messages import RunChanged
from scheduledtask_workloads.ledger import FencedOut, Ledger, LedgerUnreachable
from scheduledtask_workloads.scheduler.accounts import Accounts
from scheduledtask_workloads.scheduler.admission import Admitting, Parts
from scheduledtask_workloads.scheduler.breaker import PATIENCE, Breaker
from scheduledtask_workloads.scheduler.control_server import ControlServer
from scheduledtask_workloads.scheduler.fire_lag import FireLag
from scheduledtask_workloads.scheduler.hearing import Hearing
from scheduledtask_workloads.scheduler.heavy_engine import HeavyEngine
from scheduledtask_workloads.scheduler.job_book import JobBook
from scheduledtask_workloads.scheduler.light_engine import LightEngine
from scheduledtask_workloads.scheduler.metrics import Gauges, SchedulerMetrics, served
from scheduledtask_workloads.scheduler.namespace_users import NamespaceUsers
from scheduledtask_workloads.scheduler.permission import Permission, boottime_seconds
from scheduledtask_workloads.scheduler.recovery import Recovery
from scheduledtask_workloads.scheduler.removals import Removals
from scheduledtask_workloads.scheduler.replica_users import ReplicaUsers
from scheduledtask_workloads.scheduler.requests import Requests, RunKey
from scheduledtask_workloads.scheduler.retelling import Retelling
from scheduledtask_workloads.scheduler.runners_link import RunnersLink
from scheduledtask_workloads.scheduler.server_watch import ServerWatch
from scheduledtask_workloads.scheduler.settings import Settings
from scheduledtask_workloads.scheduler.sweeping import Sweeping, host_name
from scheduledtask_workloads.scheduler.telling import Telling
from scheduledtask_workloads.scheduler.timing import Timing

HEARTBEATS_PER_LEASE = 3
FENCE_ANSWER_SECONDS = 0.25
"""For how long the ledger's word that nobody newer leads is good for a hand-over: a process that was frozen since then
has to ask again."""

CANCEL_AGAIN_SECONDS = 0.2

GC_THRESHOLDS = (50_000, 20, 100)
"""Python's own (700, 10, 10) look through what a burst has made many times within the burst. Next to nothing
here is cyclic, so little waits to be collected."""

logger = logging.getLogger(__name__)


async def run_scheduler(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises SocketInUseError and PortInUseError."""
    gc.set_threshold(*GC_THRESHOLDS)
    client = _redis_client(settings)
    publisher = HeavyPublisher(settings.redis)
    scheduler = Scheduler(settings, client, publisher)
    try:
        await scheduler.run(_stop_asked())
    finally:
        scheduler.close()
        await close_async(client)


class Scheduler:
    """Every part, and what joins them. Must be made in a running loop."""

    def __init__(self, settings: Settings, client: redis.asyncio.Redis, publisher: HeavyPublisher) -> None:
        host, lease_seconds = host_name(), settings.lease_seconds
        self._lease_seconds = lease_seconds
        self._heartbeat_file = settings.heartbeat_file
        self._link = RunnersLink(settings.runners_socket)
        self._server = ControlServer(settings.control_socket, lambda message: self._hearing.hear(message))
        ledger = Ledger(client)
        breaker = Breaker(ledger.namespaces, settings.redis_timeout_seconds)
        accounts = Accounts(ledger, breaker, host=host, lease_seconds=lease_seconds, changed=self._run_changed)
        light = LightEngine(self._link, accounts, self._witnessed)
        accounts.acknowledge, accounts.stop, accounts.suspect = light.acknowledge, light.stop, self._suspect
        book = JobBook()
        requests = Requests(book, self._server.tell, lambda run: self._retelling.want_record(run))
        heavy = HeavyEngine(publisher, lambda refs: breaker.call(ledger.mark_dispatched(refs, lease_seconds)))
        removals = Removals(ledger, breaker, book, heavy.withdraw)
        removals.again = lambda: self._admitting.wake()
        self._parts = Parts(
            ledger=ledger,
            breaker=breaker,
            book=book,
            permission=Permission(),
            recovery=Recovery(ledger, breaker, book, accounts, light, removals),
            accounts=accounts,
            light=light,
            heavy=heavy,
            requests=requests,
            fire_lag=FireLag(),
        )
        self._metrics = SchedulerMetrics(self._parts.fire_lag, self._gauges())
        self._metrics_port = settings.metrics_port
        self._looked_at = time.time()
        self._namespaces_seen_in = -1
        breaker.measured, breaker.went_away = self._metrics.redis_asked, self._metrics.redis_went_away
        self._admitting = Admitting(
            self._parts,
            host=host,
            lease_seconds=lease_seconds,
            slice_size=settings.slice_size,
            fenced=self._fenced,
        )
        self._sweeping = Sweeping(
            self._parts, host=host, since=time.time(), lease_seconds=lease_seconds, fenced=self._fenced
        )
        self._timing = Timing(self._admitting.due, self._heartbeat)
        reading = asyncio.Lock()
        self._watch = ServerWatch(ledger, settings.redis)
        self._telling = Telling(self._parts, self._server, self._link, self._watch, reading)
        self._retelling = Retelling(self._parts, self._server, reading)
        self._replicas = ReplicaUsers(client, settings.redis)
        self._users = NamespaceUsers(ledger, breaker, self._replicas, self._server.tell)
        self._hearing = Hearing(
            self._parts, self._admitting, self._timing, self._retelling, self._users, removals, self._server
        )
        self._late_cancellations: set[asyncio.Task[None]] = set()
        requests.cancel_admitted = self._cancel_admitted

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises SocketInUseError and PortInUseError."""
        await self._server.open()
        with served(self._metrics.registry, self._metrics_port):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work) for work in self._works()]
                await stop.wait()
                logger.info("leaving; light runs go on with the runners")
                await _cancel(tasks)
        await self._server.close()
        await self._leave()
        await self._replicas.close()

    def close(self) -> None:
        self._parts.heavy.close()

    def _works(self) -> list[Coroutine[Any, Any, None]]:
        parts = self._parts
        return [
            self._server.serve(),
            self._link.run(parts.light),
            self._timing.run(),
            self._admitting.run(),
            self._sweeping.run(),
            parts.light.run(),
            parts.heavy.run(),
            parts.accounts.run(lambda: parts.recovery.ready),
            parts.breaker.watch(self._restored),
            self._keep_leases(),
            self._telling.tell_feed(),
            self._retelling.run(),
            self._users.run(),
            self._watch.run(),
            keep_heartbeat(self._heartbeat_file),
            self._telling.tell_depths(),
            self._telling.tell_status(),
        ]

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / HEARTBEATS_PER_LEASE)
            await self._parts.light.until_no_burst(self._lease_seconds / HEARTBEATS_PER_LEASE / 4)
            if self._parts.recovery.ready:
                try:
                    await self._parts.accounts.renew(self._parts.light.known(), self._parts.light.find)
                except LedgerUnreachable:
                    continue

    async def _witnessed(self) -> bool:
        """Whether a light run may be handed over at this moment: by the grant, else by the fence in Redis."""
        permission, asked_at = self._parts.permission, boottime_seconds()
        if permission.granted(asked_at):
            return True
        if permission.fence is None:
            return False
        try:
            await self._parts.breaker.call(self._parts.ledger.take_leadership(permission.fence))
        except LedgerUnreachable:
            return False
        except FencedOut:
            self._fenced()
            return False
        return boottime_seconds() - asked_at < FENCE_ANSWER_SECONDS

    async def _leave(self) -> None:
        """What is known and not yet written would otherwise wait for the next scheduler."""
        if self._parts.recovery.ready:
            try:
                await self._parts.accounts.flush()
            except LedgerUnreachable:
                logger.warning("Redis does not answer; the runners keep what is not written")

    def _heartbeat(self) -> None:
        now = datetime.now(UTC)
        self._looked_at = now.timestamp()
        self._admitting.heartbeat(now)
        self._parts.light.wake()
        if not self._parts.light.in_burst:
            self._parts.fire_lag.count()
            self._forget_namespaces(now)

    def _forget_namespaces(self, now: datetime) -> None:
        """Each minute: to look through ten thousand jobs takes a millisecond."""
        if now.minute != self._namespaces_seen_in:
            self._namespaces_seen_in = now.minute
            self._parts.fire_lag.keep({held.key.namespace for held in self._parts.book})

    def _gauges(self) -> Gauges:
        """Read at each scrape, from another thread."""
        parts = self._parts
        return (
            ("scheduler_granted", "Whether it may start runs.", self._may_start),
            ("scheduler_last_look_timestamp_seconds", "When it last looked for slots.", lambda: self._looked_at),
            ("scheduler_jobs", "Jobs that it holds.", lambda: len(parts.book)),
            ("light_runs_waiting", "Light runs that wait for a runner.", lambda: parts.light.waiting),
            ("light_runs_running", "Light runs with the runners.", lambda: parts.light.in_flight),
            ("runners_connected", "Whether the runners answer.", lambda: self._link.connected),
            ("runners_processes", "Bodies that the runners can run at once.", lambda: parts.light.processes),
            ("redis_reachable", "Whether Redis answers in time.", lambda: parts.breaker.known_reachable),
        )

    def _may_start(self) -> bool:
        """By the grant, or by the fence in Redis, under which runs go on while the API server is away."""
        witnessed = self._parts.breaker.known_reachable or self._parts.permission.granted(boottime_seconds())
        return self._parts.permission.firing and witnessed

    def _restored(self) -> None:
        self._parts.recovery.redis_returned()
        self._admitting.look_again()
        self._parts.light.wake()

    def _suspect(self) -> None:
        self._parts.recovery.disturb()
        self._admitting.wake()

    def _fenced(self) -> None:
        if self._parts.permission.fence is not None:
            logger.warning(
                "a newer leader was here; nothing starts any more", extra={"fence": self._parts.permission.fence}
            )
        self._parts.permission.refuse()
        self._parts.recovery.disturb()
        self._parts.light.forget_queue()
        self._parts.requests.forget()

    def _cancel_admitted(self, run: RunKey) -> None:
        task = asyncio.create_task(self._hearing.cancel(*run))
        self._late_cancellations.add(task)
        task.add_done_callback(self._late_cancellations.discard)

    def _run_changed(self, record: RunRecord) -> None:
        self._server.tell([RunChanged(record=record)])


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Again and again: redis-py may swallow a cancellation that comes together with an answer."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)


def _redis_client(settings: Settings) -> redis.asyncio.Redis:
    """A connection that broke is opened again once; the breaker keeps the time, as it knows when our loop is late."""
    return connect_async(
        settings.redis,
        socket_connect_timeout=settings.redis_timeout_seconds * PATIENCE,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[redis.ConnectionError],
    )


def _stop_asked() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
