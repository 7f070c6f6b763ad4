"""What beat does, done by our scheduler: tasks due at the same moment, each decided, recorded and sent to its queue.

The queue's length is watched from outside; the rate is messages over the time from the first to the last, as for beat.
"""

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import redis
from tests.integration.scheduler.rig import Rig
from tests.redis_server import running_server

from scheduledtask_workloads.contract import Job, JobSchedule, TaskClass
from scheduledtask_workloads.contract.keys import NamespaceKeys

NAMESPACE = "bench"
POOL = "everything"
LOADING_SECONDS_PER_1000 = 1.5
DEADLINE_SECONDS = 120.0


def measure(tasks: int = 10_000) -> float:
    """Messages a second."""
    with (
        running_server() as server,
        tempfile.TemporaryDirectory(prefix="heavy-dispatch-") as folder,
        Rig(Path(folder), server.url) as rig,
        redis.Redis.from_url(server.url) as client,
    ):
        rig.start_runners(processes=1)
        control = rig.start_scheduler()
        slot = int(time.time() + 5 + tasks / 1000 * LOADING_SECONDS_PER_1000)
        control.hand_over([_job(number, slot) for number in range(tasks)], grant_seconds=600)
        control.await_true(lambda: control.status().jobs == tasks, 120)
        if time.time() > slot:
            raise TimeoutError(f"{tasks} jobs were not loaded before their slot")
        return watch_queue(client, NamespaceKeys(NAMESPACE).celery_prefix + POOL, tasks, DEADLINE_SECONDS)


def watch_queue(client: redis.Redis, key: str, expected: int, deadline_seconds: float) -> float:
    """Messages a second from the first that is seen to the last, or to the deadline. Raises TimeoutError for none."""
    deadline = time.monotonic() + deadline_seconds
    started_at, first_length = 0.0, 0
    while time.monotonic() < deadline:
        length = client.llen(key)
        if length and not first_length:
            started_at, first_length = time.monotonic(), length
        if length >= expected:
            return (length - first_length) / max(time.monotonic() - started_at, 1e-9)
        time.sleep(0.005)
    if not first_length:
        raise TimeoutError(f"no message was sent in {deadline_seconds:g} s")
    return (client.llen(key) - first_length) / (time.monotonic() - started_at)


def _job(number: int, slot: int) -> Job:
    return Job(
        namespace=NAMESPACE,
        name=f"report-{number:05d}",
        task_class=TaskClass.HEAVY,
        task="heavy-nothing",
        schedule=JobSchedule(expression=f"@at {datetime.fromtimestamp(slot, UTC):%Y-%m-%dT%H:%M:%SZ}"),
        pool=POOL,
    )


if __name__ == "__main__":
    print(f"{measure():.0f} messages/s")
