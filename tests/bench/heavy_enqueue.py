"""Heavy enqueue: how many runs a second one process hands to a pool's queue, batch by batch and one by one.

`python tests/bench/heavy_enqueue.py REDIS_URL`
"""

import json
import sys
import time
from typing import Any

import redis

from scheduledtask_workloads.broker import HeavyPublisher, PoolKeys
from scheduledtask_workloads.contract import AttemptRef, RunOrder, TaskClass
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint

NAMESPACE, POOL = "bench", "enqueue"
ORDERS = 5_000


def measure(redis_url: str) -> dict[str, Any]:
    """Messages a second; `orders` are made before the clock starts, as admission makes them elsewhere."""
    orders = [_order(number) for number in range(ORDERS)]
    with redis.Redis.from_url(redis_url) as client:
        batched = _rate(redis_url, client, [orders])
        single = _rate(redis_url, client, [[order] for order in orders])
    return {"orders": ORDERS, "batched_per_second": round(batched), "single_per_second": round(single)}


def _rate(redis_url: str, client: redis.Redis, calls: list[list[RunOrder]]) -> float:
    publisher = HeavyPublisher(RedisEndpoint.parse(redis_url))
    started = time.perf_counter()
    for orders in calls:
        publisher.publish(orders, POOL)
    elapsed = time.perf_counter() - started
    if publisher.depth(NAMESPACE, POOL).ready != ORDERS:
        raise RuntimeError("messages are missing from the queue")
    client.delete(PoolKeys(NAMESPACE, POOL).queue)
    publisher.close()
    return ORDERS / elapsed


def _order(number: int) -> RunOrder:
    ref = AttemptRef(
        namespace=NAMESPACE, name="training", run_id=f"training-20261122T19{number:06d}Z", attempt=1, fence=1
    )
    return RunOrder(
        ref=ref,
        task_class=TaskClass.HEAVY,
        task="model-training",
        arguments={"dataset": "digits", "trees": 200, "seed": number},
        slot_epoch_seconds=1_795_000_000 + number,
        timeout_seconds=3600.0,
        artifacts_url="file:///var/lib/scheduledtask/artifacts",
    )


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
