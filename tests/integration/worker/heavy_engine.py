"""A real server, the leader's ledger and publisher, and worker processes: what the tests of heavy runs stand on."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import redis.asyncio
from tests.redis_server import RealServer

from scheduledtask_workloads.broker import HeavyPublisher
from scheduledtask_workloads.contract import Job, RetryPolicy, RunOrder, RunRecord, TaskClass, TaskKey
from scheduledtask_workloads.contract.messages import NamespaceUser, WorkerSeen
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint
from scheduledtask_workloads.ledger import Claim, Ledger, Verdict

NAMESPACE, POOL = "ml", "big"
PROJECT = Path(__file__).parents[2] / "projects" / "misbehaving"
FENCE = 1
LEASE_SECONDS = 2.0
DEADLINE_SECONDS = 30.0

T = TypeVar("T")


class Worker:
    """A `scheduledtask worker` process; its log is read from the file that its standard error goes to."""

    def __init__(self, redis_url: str, log: Path, host: str, options: dict[str, Any]) -> None:
        self._log = log
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scheduledtask_operator.cli", "worker", *arguments],
                env={
                    **os.environ,
                    "SCHEDULEDTASK_REDIS_URL": redis_url,
                    "SCHEDULEDTASK_PROJECT": str(PROJECT),
                    "SCHEDULEDTASK_HOST": host,
                },
                stderr=stderr,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def await_log(self, text: str) -> None:
        await_condition(lambda: text in self.log, lambda: f"no {text!r} in the log:\n{self.log}")

    def await_ready(self) -> None:
        self.await_log("worker ready")

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def await_exit(self) -> int:
        return self.process.wait(DEADLINE_SECONDS)


@dataclass
class HeavyEngine:
    server: RealServer
    folder: Path
    workers: list[Worker] = field(default_factory=list)

    def start_worker(self, redis_url: str = "", **options: Any) -> Worker:
        """Short terms, so that what a dead worker held is back within seconds. It calls itself `pod-0`, `pod-1`, ..."""
        defaults = {
            "namespace": NAMESPACE,
            "pool": POOL,
            "lease_seconds": LEASE_SECONDS,
            "visibility_timeout_seconds": 3,
        }
        number = len(self.workers)
        log = self.folder / f"worker-{number}.log"
        worker = Worker(redis_url or self.server.url, log, f"pod-{number}", {**defaults, **options})
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()

    def stamp(self) -> None:
        async def stamp(ledger: Ledger) -> None:
            await ledger.take_leadership(FENCE)
            await ledger.stamp_epoch(FENCE, (await ledger.epoch()).server_run_id)

        self._ask(stamp)

    def submit(self, name: str, task: str = "", retry: RetryPolicy | None = None, **fields: Any) -> RunOrder:
        """Admit one run of `name` and publish it; `fields` are the job's."""
        job = Job(
            namespace=NAMESPACE,
            name=name,
            task_class=TaskClass.HEAVY,
            task=task or f"heavy-{name}",
            pool=POOL,
            retry=retry or RetryPolicy(backoff_seconds=0.1),
            **fields,
        )
        claim = Claim(job, f"{name}-run", None, time.time())
        (admission,) = self._ask(lambda ledger: ledger.admit([claim], FENCE, time.time(), "test", LEASE_SECONDS))
        assert admission.verdict is Verdict.ADMITTED
        order = claim.order(FENCE)
        self._publish(order)
        return order

    def send_again(self, order: RunOrder) -> None:
        """As a leader does whose first sending was not answered."""
        HeavyPublisher(RedisEndpoint.parse(self.server.url)).publish([order], POOL)

    def _publish(self, order: RunOrder) -> None:
        HeavyPublisher(RedisEndpoint.parse(self.server.url)).publish([order], POOL)
        self._ask(lambda ledger: ledger.mark_dispatched([order.ref], LEASE_SECONDS))

    def sweep(self) -> int:
        """One round of the leader: next attempts are made and published; their count."""

        async def sweep(ledger: Ledger) -> list[Any]:
            due = await ledger.due_for_sweep([NAMESPACE])
            queued = HeavyPublisher(RedisEndpoint.parse(self.server.url)).attempts(NAMESPACE, POOL)
            return await ledger.sweep(
                due, [run for run in due if run.attempt_id in queued], FENCE, "test", LEASE_SECONDS
            )

        made = self._ask(sweep)
        for attempt in made:
            self._publish(attempt.order)
        return len(made)

    def cancel(self, order: RunOrder) -> None:
        ref = order.ref
        self._ask(lambda ledger: ledger.cancel(ref.namespace, ref.name, ref.run_id))

    def seen(self) -> dict[str, WorkerSeen]:
        """The live workers, by host."""
        (workers,) = self._ask(lambda ledger: ledger.workers([(NAMESPACE, POOL)]))
        return {worker.host: worker for worker in workers}

    def drain(self, *hosts: str) -> None:
        self._ask(lambda ledger: ledger.drain(NAMESPACE, POOL, hosts))

    def let_in(self, user: NamespaceUser) -> str:
        """Make a Redis user; why it could not be, or nothing."""

        async def let_in(ledger: Ledger) -> str:
            (problem,) = await ledger.let_in([user], (await ledger.server()).version)
            return problem

        return self._ask(let_in)

    def record(self, order: RunOrder) -> RunRecord | None:
        """The final record, once there is one."""
        key = TaskKey(order.ref.namespace, order.ref.name)
        records = self._ask(lambda ledger: ledger.history([key]))[key]
        return records[0] if records else None

    def await_record(self, order: RunOrder, sweeping: bool = False) -> RunRecord:
        def ended() -> bool:
            if sweeping:
                self.sweep()
            return self.record(order) is not None

        await_condition(ended, lambda: f"no record of {order.ref.run_id}:\n{self._logs()}")
        record = self.record(order)
        assert record is not None
        return record

    def await_settled(self) -> None:
        """Until no message is left, neither waiting nor unacknowledged."""
        publisher = HeavyPublisher(RedisEndpoint.parse(self.server.url))
        await_condition(
            lambda: publisher.depth(NAMESPACE, POOL)[:2] == (0, 0),
            lambda: f"messages are left: {publisher.attempts(NAMESPACE, POOL)}\n{self._logs()}",
        )

    def _logs(self) -> str:
        return "\n".join(worker.log for worker in self.workers)

    def _ask(self, question: Callable[[Ledger], Awaitable[T]]) -> T:
        async def ask() -> T:
            async with redis.asyncio.Redis.from_url(self.server.url) as client:
                return await question(Ledger(client, patience_seconds=1.0))

        return asyncio.run(ask())


def await_condition(condition: Callable[[], bool], explain: Callable[[], str], poll_seconds: float = 0.05) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(poll_seconds)
    raise AssertionError(explain())


def lines(path: Path, event: str = "begin") -> list[dict[str, Any]]:
    """What bodies appended to their journal."""
    text = path.read_text() if path.exists() else ""
    return [line for line in map(json.loads, text.splitlines()) if line["event"] == event]


def await_lines(path: Path, count: int = 1, event: str = "begin") -> list[dict[str, Any]]:
    await_condition(lambda: len(lines(path, event)) >= count, lambda: f"not {count} {event} lines in {path}")
    return lines(path, event)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
