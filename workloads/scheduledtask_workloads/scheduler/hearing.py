"""What the control plane says, and what follows from it."""

import contextlib
import gc
import logging
from datetime import UTC, datetime

from scheduledtask_workloads.contract import Job, TaskKey
from scheduledtask_workloads.contract.messages import (
    CancelRun,
    ControlHello,
    ControlToScheduler,
    DrainWorkers,
    Grant,
    GrantAcknowledged,
    JobPut,
    JobRemoved,
    JobsComplete,
    NamespaceUser,
    NamespaceUserRemoved,
    RequestRun,
    StopFiring,
)
from scheduledtask_workloads.ledger import CancelOutcome, LedgerUnreachable
from scheduledtask_workloads.schedule import ScheduleError
from scheduledtask_workloads.scheduler.admission import Admitting, Parts
from scheduledtask_workloads.scheduler.control_server import ControlServer
from scheduledtask_workloads.scheduler.namespace_users import NamespaceUsers
from scheduledtask_workloads.scheduler.permission import boottime_seconds
from scheduledtask_workloads.scheduler.removals import Removals
from scheduledtask_workloads.scheduler.retelling import Retelling
from scheduledtask_workloads.scheduler.timing import Group, Timing

logger = logging.getLogger(__name__)


class Hearing:
    """Takes the messages of socket A."""

    def __init__(
        self,
        parts: Parts,
        admitting: Admitting,
        timing: Timing,
        retelling: Retelling,
        users: NamespaceUsers,
        removals: Removals,
        server: ControlServer,
    ) -> None:
        self._parts = parts
        self._admitting = admitting
        self._timing = timing
        self._retelling = retelling
        self._users = users
        self._removals = removals
        self._server = server
        self._loading = False
        """Between ControlHello and JobsComplete."""

    async def hear(self, message: ControlToScheduler) -> None:
        match message:
            case DrainWorkers():
                await self._drain(message)
            case JobPut(job=job, secrets=secrets):
                self._parts.light.keep_secrets(job.key, secrets)
                self._put(job)
            case Grant():
                self._take_grant(message)
            case CancelRun(namespace=namespace, name=name, run_id=run_id):
                await self.cancel(TaskKey(namespace, name), run_id)
            case _:
                self._hear_rarer(message)

    def _hear_rarer(self, message: ControlToScheduler) -> None:
        match message:
            case ControlHello():
                self._parts.permission.begin()
                self._parts.book.expect_all()
                self._parts.requests.forget()
                self._loading = True
                self._removals.begin()
            case JobRemoved(namespace=namespace, name=name):
                self._remove(TaskKey(namespace, name))
            case JobsComplete():
                self._complete()
            case StopFiring():
                self._parts.permission.stop_firing()
            case NamespaceUser():
                self._users.put(message)
            case NamespaceUserRemoved():
                self._users.remove(message)
            case RequestRun():
                self._parts.requests.ask(message, datetime.now(UTC).timestamp())
                self._admitting.wake()

    def _put(self, job: Job) -> None:
        book = self._parts.book
        before = book.find(job.key)
        if before is None or before.job != job:
            try:
                held = book.put(job, datetime.now(UTC))
            except ScheduleError as error:
                self._removals.keep(job.key)
                logger.warning("not held", extra={"namespace": job.namespace, "task": job.name, "error": str(error)})
                return
            self._parts.ledger.prepare(job)
            self._regroup(before.group if before else None, held.group)
            if before is not None and before.group != held.group:
                self._admitting.due_job(before)
            self._admitting.due_job(held)
        book.confirm(job.key)
        if before is None and not self._loading:
            self._retelling.want_task(job.key)

    def _regroup(self, before: Group | None, after: Group | None) -> None:
        if after is not None:
            self._timing.watch(after)
        if before is not None and before != after and not self._parts.book.sharing(before):
            self._timing.forget(before)

    def _remove(self, key: TaskKey) -> None:
        held = self._parts.book.remove(key)
        if held is not None:
            self._regroup(held.group, None)
        self._parts.light.forget_task(key)
        self._removals.remove(key, held.job.pool if held else "")
        self._admitting.wake()

    def _complete(self) -> None:
        self._loading = False
        gone = self._parts.book.unconfirmed()
        for key in gone:
            self._remove(key)
        self._removals.complete()
        self._admitting.wake()
        self._tell_anew()
        gc.collect()
        gc.freeze()  # ten thousand jobs are looked through by each full collection otherwise, some at a slot
        logger.info("the jobs are complete", extra={"jobs": len(self._parts.book), "dropped": len(gone)})

    def _take_grant(self, grant: Grant) -> None:
        permission = self._parts.permission
        fence, granted = permission.fence, permission.granted(boottime_seconds())
        if not permission.take(grant.fence, grant.deadline_boottime_seconds):
            logger.warning("a grant under an old number", extra={"fence": grant.fence})
            return
        if fence != grant.fence:
            logger.info("granted", extra={"fence": grant.fence})
            self._parts.recovery.lead_anew(datetime.now(UTC))
            if not self._loading:
                self._tell_anew()
        if fence != grant.fence or not granted:
            self._admitting.look_again()
            self._parts.light.wake()
        self._server.tell(
            [GrantAcknowledged(fence=grant.fence, deadline_boottime_seconds=grant.deadline_boottime_seconds)]
        )

    async def _drain(self, message: DrainWorkers) -> None:
        asked = self._parts.ledger.drain(message.namespace, message.pool, message.hosts)
        with contextlib.suppress(LedgerUnreachable):  # it is said again each second
            await self._parts.breaker.call(asked)

    def _tell_anew(self) -> None:
        self._retelling.want_all(held.key for held in self._parts.book)

    async def cancel(self, key: TaskKey, run_id: str) -> None:
        extra = {"namespace": key.namespace, "task": key.name, "run_id": run_id}
        self._parts.requests.cancel((key, run_id))
        try:
            outcome = await self._parts.breaker.call(self._parts.ledger.cancel(key.namespace, key.name, run_id))
        except LedgerUnreachable:
            logger.warning("cancelled only if it is light, as Redis does not answer", extra=extra)
        else:
            logger.info("cancelled", extra={**extra, "outcome": outcome.value})
            held = self._parts.book.find(key)
            if outcome is CancelOutcome.ENDED and held is not None:
                await self._parts.heavy.withdraw(key, held.job.pool, run_id)
        self._parts.light.cancel(key, run_id)
