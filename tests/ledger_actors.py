"""A scheduler and a worker on a real server, and the power to make time pass for a run."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, Job, Reason, RunOrder, RunState, TaskClass
from scheduledtask_workloads.contract.keys import NamespaceKeys
from scheduledtask_workloads.ledger import Admission, Claim, DueRun, Ledger, NextAttempt, Verdict

SLOT = 1_800_000_000
LEASE_SECONDS = 30.0
LONG_AGO_SECONDS = 1_000_000_000.0

_T = TypeVar("_T")


def make_job(name: str = "report", task_class: TaskClass = TaskClass.HEAVY, **fields: Any) -> Job:
    return Job(
        namespace=fields.pop("namespace", "default"),
        name=name,
        task_class=task_class,
        task="performance-report",
        arguments={"models": [], "options": {}, "seed": 9_007_199_254_740_993},
        pool="reports" if task_class is TaskClass.HEAVY else "",
        **fields,
    )


def make_light(name: str = "probe", **fields: Any) -> Job:
    return make_job(name, TaskClass.LIGHT, **fields)


def report_of(ref: AttemptRef, state: RunState = RunState.SUCCEEDED, **fields: Any) -> AttemptReport:
    reason = {RunState.SUCCEEDED: Reason.COMPLETED, RunState.LOST: Reason.HOST_LOST}.get(state, Reason.RAISED)
    return AttemptReport(ref=ref, state=state, **{"reason": reason, "ended_at": SLOT + 9.5, **fields})


class Leader:
    """One scheduler process: a Ledger with its own connection, under a fence."""

    def __init__(self, runner: asyncio.Runner, url: str, fence: int, host: str) -> None:
        self._runner = runner
        self.client = redis.asyncio.Redis.from_url(
            url, socket_timeout=2, retry=Retry(NoBackoff(), 1), retry_on_error=[redis.ConnectionError]
        )
        self.ledger = Ledger(self.client)
        self.fence = fence
        self.host = host

    def do(self, call: Awaitable[_T]) -> _T:
        async def wait() -> _T:
            return await call

        return self._runner.run(wait())

    def both(self, *calls: Awaitable[_T]) -> list[_T]:
        """At the same moment."""

        async def wait() -> list[_T]:
            return list(await asyncio.gather(*calls))

        return self._runner.run(wait())

    def lead(self) -> "Leader":
        """Take over, compare (nothing), stamp."""
        self.do(self.ledger.take_leadership(self.fence))
        epoch = self.do(self.ledger.epoch())
        assert self.do(self.ledger.stamp_epoch(self.fence, epoch.server_run_id))
        return self

    def admitting(self, *claims: Claim, now: float = SLOT) -> Awaitable[list[Admission]]:
        return self.ledger.admit(claims, self.fence, now, self.host, LEASE_SECONDS)

    def admit(self, *claims: Claim, now: float = SLOT) -> list[Admission]:
        return self.do(self.admitting(*claims, now=now))

    def slot_claim(self, job: Job, slot: int = SLOT) -> Claim:
        return Claim.of_slot(job, slot, slot)

    def first_order(self, job: Job, slot: int = SLOT) -> RunOrder:
        return self.slot_claim(job, slot).order(self.fence)

    def admit_slot(self, job: Job, slot: int = SLOT) -> AttemptRef:
        claim = Claim.of_slot(job, slot, slot)
        (admission,) = self.admit(claim, now=slot)
        assert admission.verdict is Verdict.ADMITTED, admission
        return claim.order(self.fence).ref

    def start_light(self, job: Job, slot: int = SLOT) -> AttemptRef:
        ref = self.admit_slot(job, slot)
        assert not self.do(self.ledger.mark_dispatched([ref], LEASE_SECONDS))
        assert not self.do(self.ledger.mark_started([(ref, slot + 0.25, "runner-1")], LEASE_SECONDS))
        return ref

    def finish(self, report: AttemptReport) -> Any:
        (record,) = self.do(self.ledger.finish([report]))
        return record

    def due(self) -> list[DueRun]:
        return self.do(self.ledger.due_for_sweep(sorted(self.do(self.ledger.namespaces()))))

    def sweep(self, queued: Callable[[DueRun], bool] = lambda _: False) -> list[NextAttempt]:
        due = self.due()
        seen = [run for run in due if queued(run)]
        return self.do(self.ledger.sweep(due, seen, self.fence, self.host, LEASE_SECONDS))

    def history(self, job: Job) -> list[Any]:
        return self.do(self.ledger.history([job.key]))[job.key]

    def open_runs(self, job: Job) -> list[Any]:
        return self.do(self.ledger.open_runs(job.key))

    def watermark(self, job: Job) -> int | None:
        return self.do(self.ledger.watermarks([job.key]))[job.key]

    def feed(self, namespace: str = "default") -> Sequence[Any]:
        return [entry.change for entry in self.do(self.ledger.read_feed({namespace: "0"}))]


class Past:
    """Moves the times of a run far into the past, as if it had waited that long."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)

    def age(self, ref: AttemptRef, *fields: str) -> None:
        """`fields` of the run (`lease`, `retry_at`), and when the leader looks again."""
        keys, member = NamespaceKeys(ref.namespace), f"{ref.name}|{ref.run_id}"
        line, _, order = self._read(keys, member).partition("\n")
        run = json.loads(line)
        for field in fields:
            run[field] = run[field] - LONG_AGO_SECONDS
        self.client.hset(keys.runs, member, json.dumps(run) + "\n" + order)
        self.client.zadd(keys.sweep, {member: 1.0})

    def age_lease(self, ref: AttemptRef) -> None:
        self.age(ref, "lease")

    def _read(self, keys: NamespaceKeys, member: str) -> str:
        text = self.client.hget(keys.runs, member)
        assert isinstance(text, bytes), f"{member} is not open"
        return text.decode()
