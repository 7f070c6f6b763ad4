"""The loop's Leadership port on a Lease, in a thread of its own: a busy event loop must not cost the leadership."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

from scheduledtask_operator.cluster.errors import ClusterError
from scheduledtask_operator.cluster.lease_client import SERVICE_ACCOUNT, LeaseClient
from scheduledtask_operator.cluster.lease_election import Answer, Election, Left, Read, Rest, Write
from scheduledtask_operator.control.grants import is_revoked
from scheduledtask_operator.control.ports import Clock, Standing
from scheduledtask_operator.decisions.leading import Terms
from scheduledtask_workloads.contract.messages import GrantAcknowledged, SchedulerStatus, SchedulerToControl

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseSettings:
    """Which Lease, and who asks for it: `pod` is a name for people, each process adds something random of its own.

    `context` names one of the kubeconfig's; None: a pod's service account first, then the current context.
    """

    namespace: str
    pod: str
    name: str = "scheduledtask-operator"
    terms: Terms = field(default_factory=Terms)
    context: str | None = None
    service_account: Path = SERVICE_ACCOUNT


class KubernetesLeadership:
    """`start`, then `scheduler_said` with everything that the own scheduler says, and `stop` at the end.

    `on_change` is called on the event loop, True when the leadership begins and False when it has ended. It may come
    late; `standing` and `fence` never do, and may be asked from any thread.
    """

    def __init__(self, settings: LeaseSettings, clock: Clock, on_change: Callable[[bool], None]) -> None:
        self.identity = f"{settings.pod}_{uuid4().hex[:12]}"
        self._settings = settings
        self._clock = clock
        self._on_change = on_change
        terms = settings.terms
        self._election = Election(self.identity, terms, namespace=settings.namespace, name=settings.name)
        self._client = LeaseClient(
            settings.namespace,
            settings.name,
            timeout_seconds=terms.request_timeout_seconds,
            context=settings.context,
            service_account=settings.service_account,
        )
        self._thread = Thread(target=self._run, name="leadership", daemon=True)
        self._look = Event()
        self._stopped = False
        self._told = False
        self._leads = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """In the event loop that is to hear of changes."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self, *, release: bool = True) -> None:
        """Stop leading at once, and for good. Returns when the Lease is released, or left to expire.

        Released it is when the scheduler has acknowledged that its grant ended, so the grants must still go on; else
        when the last one has run out, or is given up when the API server does not answer: `give_up_seconds` at most.
        """
        if release:
            self._election.leave()
        else:
            self._stopped = True
        self._look.set()
        await asyncio.to_thread(self._thread.join)

    def standing(self) -> Standing | None:
        return self._election.standing(self._clock.boottime_seconds())

    def fence(self) -> int | None:
        standing = self.standing()
        return standing.fence if standing else None

    async def wait(self) -> None:
        """Until this leads, as `on_change` tells it."""
        await self._leads.wait()

    def scheduler_said(self, message: SchedulerToControl) -> None:
        """What it says is its sign of life: without, this neither becomes nor stays the leader."""
        now = self._clock.boottime_seconds()
        match message:
            case GrantAcknowledged(fence=fence) if is_revoked(message):
                self._election.grants_ended(fence)
                self._look.set()
            case GrantAcknowledged(fence=fence):
                self._election.grant_acknowledged(fence, now)
            case SchedulerStatus():
                self._election.scheduler_spoke(now)

    def _run(self) -> None:
        while not self._stopped and self._turn():
            pass
        self._client.close()
        self._tell(leads=False)

    def _turn(self) -> bool:
        """Whether there will be another. What nobody thought of must not end the thread: it says so, and goes on."""
        try:
            return self._take_step()
        except Exception:
            logger.exception("the election failed, it goes on", extra={"identity": self.identity})
            self._look.wait(self._settings.terms.retry_seconds)
            return True

    def _take_step(self) -> bool:
        self._look.clear()
        sent_at = self._clock.boottime_seconds()
        step = self._election.plan(sent_at, self._clock.now())
        self._tell(leads=self._election.leads)
        match step:
            case Rest(seconds=seconds):
                self._look.wait(seconds)
            case Read() | Write():
                self._election.hear(step, sent_at, self._ask(step), self._clock.boottime_seconds())
        return not isinstance(step, Left)

    def _ask(self, step: Read | Write) -> Answer:
        try:
            return self._client.read() if isinstance(step, Read) else self._client.write(step.lease)
        except ClusterError as error:
            return error

    def _tell(self, *, leads: bool) -> None:
        if leads != self._told and self._loop is not None and not self._loop.is_closed():
            self._told = leads
            self._loop.call_soon_threadsafe(self._change, leads)

    def _change(self, leads: bool) -> None:
        if leads:
            self._leads.set()
        else:
            self._leads.clear()
        self._on_change(leads)
