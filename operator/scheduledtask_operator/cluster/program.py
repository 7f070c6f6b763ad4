"""The operator program: the loop on its ports of Kubernetes, put together, run, and ended."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Coroutine, Iterable
from importlib.metadata import version
from typing import Any

from scheduledtask_operator.cluster.access_reviews import AccessReviews
from scheduledtask_operator.cluster.catalogs import ImageCatalogs
from scheduledtask_operator.cluster.client import Client, object_path
from scheduledtask_operator.cluster.errors import ClusterError
from scheduledtask_operator.cluster.events import KubernetesEvents
from scheduledtask_operator.cluster.health import HealthServer
from scheduledtask_operator.cluster.kinds import (
    NAMESPACES,
    SCHEDULED_TASK_RUNS,
    SCHEDULED_TASKS,
    WORKER_DEPLOYMENTS,
    WORKER_PODS,
)
from scheduledtask_operator.cluster.leadership import KubernetesLeadership, LeaseSettings
from scheduledtask_operator.cluster.listing import Listing
from scheduledtask_operator.cluster.memory import StatusMemory
from scheduledtask_operator.cluster.metrics import Figures, Metrics
from scheduledtask_operator.cluster.namespaces import Namespaces
from scheduledtask_operator.cluster.observers import Observers, StatusSinks
from scheduledtask_operator.cluster.output_book import OutputBook
from scheduledtask_operator.cluster.pools import KubernetesPools
from scheduledtask_operator.cluster.read_api import ReadApi
from scheduledtask_operator.cluster.redis_users import PoolsWithUsers, RedisUsers
from scheduledtask_operator.cluster.resources import ClusterResources
from scheduledtask_operator.cluster.run_requests import ClusterRunRequests
from scheduledtask_operator.cluster.secrets import ClusterSecrets
from scheduledtask_operator.cluster.settings import OperatorSettings
from scheduledtask_operator.cluster.status_writer import StatusWriter
from scheduledtask_operator.cluster.wanted_pools import WantedPools
from scheduledtask_operator.cluster.watched import Watched, as_it_is
from scheduledtask_operator.cluster.watching import KopfWatch
from scheduledtask_operator.control.cancellations import Cancellations
from scheduledtask_operator.control.controller import Controller, Ports
from scheduledtask_operator.control.machine_clock import MachineClock
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.reconcile import Defaults
from scheduledtask_operator.control.requests import RequestController
from scheduledtask_operator.control.run_requests import RequestKey
from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_operator.control.triggers import Triggers
from scheduledtask_workloads.contract import TaskKey
from scheduledtask_workloads.contract.messages import (
    DrainWorkers,
    NamespaceUserReady,
    PoolWorkersSeen,
    SchedulerToControl,
)

FLUSH_SECONDS = 2.0  # for the last statuses of one who goes
UNWANTED_PERIOD_SECONDS = 30.0
GC_THRESHOLDS = (50_000, 20, 100)  # next to nothing here is cyclic, and ten thousand resources are long to look through
logger = logging.getLogger(__name__)


async def run_operator(settings: OperatorSettings) -> None:
    """Until SIGTERM or SIGINT. Raises NoAccessError, and OSError when the HTTP port is taken."""
    gc.set_threshold(*GC_THRESHOLDS)
    async with await Client.connect() as client:
        await Operator(settings, client).run(_stop_asked())


class Operator:
    """Every part, and what joins them. Must be made in a running loop."""

    def __init__(self, settings: OperatorSettings, client: Client) -> None:
        """In an order in which each part has what it is given; what a part tells others comes later, by name."""
        self._settings = settings
        self._client = client
        self._clock = MachineClock()
        self._outputs = OutputBook()
        self._telling: set[asyncio.Task[None]] = set()
        lease = LeaseSettings(settings.own_namespace, settings.pod_name, settings.lease_name)
        self._leadership = KubernetesLeadership(lease, self._clock, self._leader_changed)
        self._resources = self._make_resources()
        self._metrics = Metrics(self._clock.now, self._resources.observed, version("scheduledtask"))
        client.measured = self._metrics.program.requested
        self._catalogs = self._make_catalogs()
        self._events = self._make_events()
        self._writer = self._make_writer()
        self._pools = self._make_pools()
        self._users = self._make_users()
        self._controller = self._make_controller()
        self._requests = ClusterRunRequests(client, changed=self._requests_changed)
        self._request_controller = self._make_request_controller()
        self._cancellations = self._make_cancellations()
        self._triggers = self._make_triggers()
        paused = self._resources.namespace_paused
        self._namespaces = Namespaces([self._resources, self._controller, self._users], paused)
        watched, namespaces = self._watched(), settings.namespaces
        self._listing = Listing(client, watched, namespaces=namespaces, came_back=lambda: self._watch.begin_anew())
        listed = self._listing.watch_began_anew
        self._watch = KopfWatch(client.configuration, watched, namespaces=namespaces, listed=listed)
        self._metrics.show(Figures(self._controller.queue, self._leads, settings.lease_name))

    # --- the program

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises OSError when the HTTP port is taken."""
        port, parts, wait = self._settings.http_port, self._metrics.parts, self._metrics.wait_seconds
        health = HealthServer(port, healthy=self._unhealthy, ready=self._not_ready, metrics=parts, wait_seconds=wait)
        async with health as server, self._read_api():
            logger.info("the operator begins", extra={"http_port": server.port, "identity": self._leadership.identity})
            work = asyncio.create_task(self._work())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            try:
                if not work.done():
                    await self._leave()
            finally:
                stopping.cancel()
                await self._end(work)

    def _read_api(self) -> contextlib.AbstractAsyncContextManager[object]:
        port = self._settings.read_api_port
        if port is None:
            return contextlib.nullcontext()
        reviews = AccessReviews(self._client)
        return ReadApi(port, reviews=reviews, outputs=self._outputs, leads=self._leads)

    async def _work(self) -> None:
        await self._listing.list_all()
        await self._catalogs.preload(self._resources.tasks())
        gc.freeze()
        logger.info("everything is listed", extra={"scheduledtasks": len(self._resources.keys())})
        self._watch.start()
        self._leadership.start()
        async with asyncio.TaskGroup() as group:
            for part in self._parts():
                group.create_task(part)

    def _parts(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self._controller.run(),
            self._listing.run(),
            self._writer.run(),
            self._events.run(),
            self._pools.run(),
            self._users.run(),
            self._catalogs.run(),
            self._request_controller.run(),
            self._cancellations.run(),
            self._triggers.run(),
            self._remove_unwanted_pools(),
        ]

    async def _leave(self) -> None:
        """While everything still goes on: the last statuses, then the grants end, then the Lease is free."""
        logger.info("leaving")
        if self._listing.is_complete:
            await self._writer.flush(FLUSH_SECONDS)
            await self._leadership.stop()

    async def _end(self, work: asyncio.Task[None]) -> None:
        failed = work.done()
        work.cancel()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await work
        finally:
            if failed and self._listing.is_complete:
                await self._leadership.stop(release=False)
            await self._watch.stop()

    # --- what joins the parts

    def _make_resources(self) -> ClusterResources:
        return ClusterResources(
            StatusMemory(self._leads),
            changed=lambda keys: self._controller.resources_changed(keys),
            watched=lambda key: self._writer.watched(key),
            cancel=lambda key, run_id: self._cancellations.wanted(key, run_id),
        )

    def _make_catalogs(self) -> ImageCatalogs:
        return ImageCatalogs(
            self._client,
            default_image=self._settings.worker_image,
            runners=self._settings.runners_catalog,
            image_pull_policy=self._settings.image_pull_policy,
            leads=self._leads,
            changed=lambda keys: self._controller.resources_changed(keys),
        )

    def _make_events(self) -> KubernetesEvents:
        return KubernetesEvents(
            client=self._client,
            leadership=self._leadership,
            clock=self._clock,
            observed=self._resources.observed,
            members=lambda pool: self._writer.members(pool),
            instance=self._settings.pod_name,
        )

    def _make_writer(self) -> StatusWriter:
        return StatusWriter(
            client=self._client,
            leadership=self._leadership,
            clock=self._clock,
            observed=self._resources.observed,
            transitions=self._events,
        )

    def _make_pools(self) -> KubernetesPools:
        return KubernetesPools(
            self._client,
            drain=self._drain,
            leadership=self._leadership,
            clock=self._clock,
            image_pull_policy=self._settings.image_pull_policy,
            redis_authorities=bool(self._settings.worker_redis and self._settings.worker_redis.authorities),
        )

    def _make_users(self) -> RedisUsers:
        return RedisUsers(
            self._client,
            redis=self._settings.worker_redis,
            has_pods=self._pools.has_pods,
            put_user=lambda user: self._controller.link.put_user(user),
            remove_user=lambda namespace: self._controller.link.remove_user(namespace),
            leads=self._leads,
        )

    def _make_request_controller(self) -> RequestController:
        return RequestController(
            requests=self._requests,
            resources=self._resources,
            catalogs=self._catalogs,
            link=self._controller.link,
            leadership=self._leadership,
            clock=self._clock,
        )

    def _make_cancellations(self) -> Cancellations:
        return Cancellations(
            runs=self._controller.runs,
            link=self._controller.link,
            leadership=self._leadership,
            observer=self._events,
            clock=self._clock,
        )

    def _make_triggers(self) -> Triggers:
        return Triggers(
            book=self._controller.triggers,
            requests=self._requests,
            resources=self._resources,
            link=self._controller.link,
            leadership=self._leadership,
            observer=self._events,
            clock=self._clock,
        )

    def _make_controller(self) -> Controller:
        sinks = StatusSinks([self._writer, self._metrics, self])
        kept = () if self._settings.read_api_port is None else (self._outputs.hear,)
        ears = (self._leadership.scheduler_said, *kept, self._hear)
        ports = Ports(
            resources=self._resources,
            catalogs=self._catalogs,
            memory=self._resources.memory,
            leadership=self._leadership,
            pools=PoolsWithUsers(self._pools, self._users),
            status=sinks,
            observer=Observers([self._events, self._metrics], ears),
            clock=self._clock,
            secrets=ClusterSecrets(self._client, reader_role=self._settings.secret_reader_role),
        )
        defaults = Defaults(artifacts_url=self._settings.artifacts_url, worker_image=self._settings.worker_image)
        socket = self._settings.control_socket
        return Controller(
            ports,
            control_socket=socket,
            defaults=defaults,
            measured=self._metrics.program.reconciled,
            allowance=self._settings.light_allowance,
        )

    def _watched(self) -> list[Watched[Any]]:
        resources, requests, pools, namespaces = self._resources, self._requests, self._pools, self._namespaces
        return [
            Watched(NAMESPACES, as_it_is, namespaces.changed, namespaces.gone),
            Watched(WORKER_DEPLOYMENTS, as_it_is, pools.deployment_changed, pools.deployment_gone),
            Watched(WORKER_PODS, as_it_is, pools.pod_changed, pools.pod_gone),
            Watched(SCHEDULED_TASKS, resources.read, resources.take, resources.drop),
            Watched(SCHEDULED_TASK_RUNS, requests.read, requests.take, requests.drop),
        ]

    def write(self, key: TaskKey, status: TaskStatus) -> None:
        """As a StatusSink: requests may wait for this resource."""
        self._request_controller.task_changed(key)

    def forget(self, key: TaskKey) -> None:
        self._catalogs.forget(key)
        self._request_controller.task_changed(key)

    def _hear(self, message: SchedulerToControl) -> None:
        match message:
            case PoolWorkersSeen():
                self._pools.workers_seen(message)
            case NamespaceUserReady():
                self._users.user_ready(message)
        self._triggers.hear(message)
        self._request_controller.hear(message)

    def _requests_changed(self, keys: Iterable[RequestKey]) -> None:
        self._request_controller.changed(keys)

    def _drain(self, pool: PoolKey, hosts: tuple[str, ...]) -> None:
        self._controller.link.ask(DrainWorkers(namespace=pool.namespace, pool=pool.pool, hosts=hosts))

    def _leads(self) -> bool:
        return self._leadership.fence() is not None

    def _leader_changed(self, leads: bool) -> None:
        self._metrics.leader_changed(leads, self._clock.now())
        if leads:
            telling = asyncio.get_running_loop().create_task(self._tell_leader_changed())
            self._telling.add(telling)  # the loop itself holds its tasks only weakly
            telling.add_done_callback(self._told)

    def _told(self, telling: asyncio.Task[None]) -> None:
        self._telling.discard(telling)
        if not telling.cancelled() and (error := telling.exception()) is not None:
            logger.error("the change of leadership could not be told", exc_info=error)

    async def _tell_leader_changed(self) -> None:
        settings = self._settings
        path = object_path(
            "coordination.k8s.io/v1", "leases", namespace=settings.own_namespace, name=settings.lease_name
        )
        try:
            self._events.leader_changed(await self._client.get(path))
        except ClusterError as error:
            logger.warning("the change of leadership gets no Event: %s", error)

    async def _remove_unwanted_pools(self) -> None:
        """What nobody asks for since we were away."""
        while True:
            await asyncio.sleep(UNWANTED_PERIOD_SECONDS)
            if not self._leads():
                continue
            try:
                await self._pools.remove_unwanted(self._wanted_pools())
            except ClusterError as error:
                logger.warning("a pool that nothing asks for could not be removed: %s", error)

    def _wanted_pools(self) -> WantedPools:
        known = self._resources.keys()
        resources = {key: resource for key in known if (resource := self._resources.get(key)) is not None}
        jobs = {key: job for key in resources if (job := self._controller.link.job(key)) is not None}
        return WantedPools(resources, jobs, self._pools.owners)

    # --- health

    def _unhealthy(self) -> str:
        if self._listing.is_complete and self._watch.has_ended:
            return "the watch has ended"
        return ""

    def _not_ready(self) -> str:
        """A standby is ready as well."""
        if not self._listing.is_complete:
            return "the first lists are not complete"
        if self._controller.scheduler is None:
            return "the scheduler does not answer"
        return ""


def _stop_asked() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
