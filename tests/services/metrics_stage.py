"""The operator's metrics with a task in every state, and runs that end all the time.

`python -m tests.services.metrics_stage` prints the port of its endpoint, and goes on until it is killed.
"""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from tests.status_values import classification, heavy, job, light, pool, run, runs

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.cluster.health import HealthServer
from scheduledtask_operator.cluster.metrics import Figures, Metrics
from scheduledtask_operator.control.keyed_queue import KeyedQueue
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status import Condition, TaskStatus
from scheduledtask_operator.decisions.scaling import ScaleCause, ScaleDecision
from scheduledtask_workloads.contract import Job, JobSchedule, Reason, RunRecord, RunState, TaskClass, TaskKey
from scheduledtask_workloads.contract.messages import PoolDepth, SlotsSkipped

TASK = TaskKey("team", "report")
POOL = PoolKey("team", "report")
BEGAN = time.time()


def now() -> datetime:
    return datetime.now(UTC)


def scheduled(key: TaskKey, task_class: TaskClass = TaskClass.LIGHT, **fields: object) -> Job:
    schedule = JobSchedule(expression="* * * * *")
    return job(task_class, key).model_copy(update={"schedule": schedule, "memory_limit_bytes": 10**9, **fields})


def ended(number: int, state: RunState = RunState.SUCCEEDED) -> RunRecord:
    at = time.time()
    return run(
        number,
        state,
        TASK,
        run_id=f"report-{number}",
        slot_epoch_seconds=int(BEGAN) - 600,
        task_class=TaskClass.HEAVY,
        started_at=at - 2,
        ended_at=at - 1,
        peak_memory_bytes=10**8,
    )


def states() -> dict[TaskKey, TaskStatus]:
    """One heavy task that has everything, and light ones with something wrong."""
    soon = now() + timedelta(minutes=10)
    active = run(1, RunState.STARTED, TASK, started_at=time.time())
    at_work = heavy(
        key=TASK,
        job=scheduled(TASK, TaskClass.HEAVY),
        classification=classification(TaskClass.HEAVY),
        runs=runs([ended(0)], [active]),
        next_due=soon,
        freshness_seconds=60,
        pool=pool(backlog=3, desired=2, ready=1, startup_seconds=3.0, problem="no node"),
    )
    stale, refused, suspended = (TaskKey("team", name) for name in ("stale", "refused", "suspended"))
    bad = Condition(False, ConditionReason.BAD_MANIFEST, "spec.schedule: mend it")
    old = replace(runs([run(0)]), told=True)
    return {
        TASK: at_work,
        stale: light(key=stale, job=scheduled(stale), runs=old, next_due=soon, freshness_seconds=1),
        refused: light(key=refused, job=scheduled(refused), condition=bad, next_due=soon),
        suspended: light(key=suspended, job=scheduled(suspended, suspended=True), next_due=None),
    }


def begin(metrics: Metrics) -> None:
    metrics.leader_changed(True, datetime.fromtimestamp(0, UTC))
    for key, status in states().items():
        late = key == TASK
        metrics.write(key, replace(status, next_due=now() - timedelta(seconds=90)) if late else status)
        metrics.write(key, status)
    metrics.scheduler_connected(True)
    metrics.run_changed(ended(0, RunState.FAILED))
    metrics.slots_skipped(
        SlotsSkipped(namespace="team", name="stale", reason=Reason.OVERLAP, count=1, last_slot_epoch_seconds=1)
    )
    metrics.slots_skipped(
        SlotsSkipped(namespace="team", name="report", reason=Reason.OVERLAP, count=1, last_slot_epoch_seconds=1)
    )


def tick(metrics: Metrics, number: int) -> None:
    """What happens each half second."""
    metrics.run_changed(ended(number + 10, RunState.FAILED if number % 2 else RunState.TIMED_OUT))
    metrics.pool_scaled(POOL, 0, ScaleDecision(1, "1 slot(s)", ScaleCause.UPCOMING))
    metrics.run_changed(
        run(number, RunState.STARTED, TASK, slot_epoch_seconds=int(BEGAN) - 600, started_at=BEGAN - 600)
    )
    metrics.scheduler_said(PoolDepth(**POOL._asdict(), ready=3, unacked=1, oldest_sent_at=BEGAN))
    metrics.program.reconciled("success", 0.001, 0.002)
    metrics.program.requested("GET", "200", 0.01)


async def serve() -> None:
    metrics = Metrics(now, lambda key: None, "0.1.0")
    metrics.show(Figures(KeyedQueue(), lambda: True, "scheduledtask-operator"))
    begin(metrics)
    async with HealthServer(0, healthy=str, ready=str, metrics=metrics.parts) as server:
        print(server.port, flush=True)
        for number in count():
            tick(metrics, number)
            await asyncio.sleep(0.5)


if __name__ == "__main__":
    asyncio.run(serve())
