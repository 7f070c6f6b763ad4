"""The scheduler's door to the pools' queues."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from scheduledtask_workloads.broker.connections import connect
from scheduledtask_workloads.broker.errors import BrokerUnavailable
from scheduledtask_workloads.broker.message import attempt_id_of, encode_order, ref_of, sent_at_of
from scheduledtask_workloads.broker.profile import PoolKeys
from scheduledtask_workloads.contract import RunOrder, TaskKey
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint

BATCH_SIZE = 200  # messages a round trip: 200 of 1 KB stay far below a socket buffer
DEFAULT_TIMEOUT_SECONDS = 1.0

_Answer = TypeVar("_Answer")


class QueueDepth(NamedTuple):
    """`ready` messages wait in the queue, `unacked` are with workers.

    `oldest_sent_at`: Unix seconds, of those that wait; None where none does, or none says when it was sent.
    """

    ready: int
    unacked: int
    oldest_sent_at: float | None


class HeavyPublisher:
    """Sends heavy attempts to their pools, and counts what is there. Safe to use from several threads.

    A connection that broke is opened again once within a call. Every method raises BrokerUnavailable when Redis
    does not answer within `timeout_seconds` (of each round trip, default 1) or refuses, as a full one does.
    """

    def __init__(self, endpoint: RedisEndpoint, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        self._client = connect(
            endpoint,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), retries=1),
            retry_on_error=[redis.ConnectionError],
        )

    def publish(self, orders: Sequence[RunOrder], pool: str) -> None:
        """Append `orders`, of one namespace or several, to the queues of `pool`, in their order."""
        for start in range(0, len(orders), BATCH_SIZE):
            self._push(orders[start : start + BATCH_SIZE], pool)

    def depth(self, namespace: str, pool: str) -> QueueDepth:
        keys = PoolKeys(namespace, pool)

        def read() -> list[Any]:
            with self._client.pipeline(transaction=True) as pipeline:
                for queue in keys.queues:
                    pipeline.llen(queue)
                    pipeline.lindex(queue, -1)
                pipeline.hlen(keys.unacked)
                return pipeline.execute()

        *queues, unacked = self._ask(read)
        sent = [sent_at_of(message) for message in queues[1::2] if message is not None]
        return QueueDepth(sum(queues[::2]), unacked, min((at for at in sent if at is not None), default=None))

    def attempts(self, namespace: str, pool: str) -> frozenset[str]:
        """The attempt ids (`RUN.ATTEMPT`) of every message that waits for the pool or is with one of its workers.

        Reads them all: for the rare question whether a message was lost, not for each second. A message on its way
        from queue to worker is in neither for an instant: believe an absence only when it is seen twice.
        """
        keys = PoolKeys(namespace, pool)

        def read() -> list[Any]:
            with self._client.pipeline(transaction=True) as pipeline:
                for queue in keys.queues:
                    pipeline.lrange(queue, 0, -1)
                pipeline.hvals(keys.unacked)
                return pipeline.execute()

        *waiting, delivered = self._ask(read)
        ids = {attempt_id_of(message) for messages in waiting for message in messages}
        return frozenset(ids | {_delivered_id(entry) for entry in delivered})

    def withdraw(self, task: TaskKey, pool: str, run_id: str = "") -> int:
        """Remove the waiting messages of a task, or of one of its runs alone; how many. Those with workers stay."""

        def unwanted(message: bytes) -> bool:
            ref = ref_of(message)
            return ref is not None and ref.key == task and run_id in ("", ref.run_id)

        def remove() -> int:
            removed = 0
            for queue in PoolKeys(task.namespace, pool).queues:
                waiting: list[Any] = self._client.lrange(queue, 0, -1)
                removed += sum(self._client.lrem(queue, 1, message) for message in waiting if unwanted(message))
            return removed

        return self._ask(remove)

    def close(self) -> None:
        self._client.close()

    def _push(self, orders: Sequence[RunOrder], pool: str) -> None:
        messages: defaultdict[str, list[str]] = defaultdict(list)
        now = time.time()
        for order in orders:
            messages[PoolKeys(order.ref.namespace, pool).queue].append(encode_order(order, pool, now))

        def push() -> None:
            with self._client.pipeline(transaction=True) as pipeline:
                for queue, entries in messages.items():
                    pipeline.lpush(queue, *entries)
                pipeline.execute()

        self._ask(push)

    def _ask(self, call: Callable[[], _Answer]) -> _Answer:
        try:
            return call()
        except redis.RedisError as error:
            raise BrokerUnavailable(f"the queues in Redis cannot be reached: {error}") from error


def _delivered_id(entry: bytes) -> str:
    """kombu keeps a delivered message as [message, exchange, routing key]."""
    return str(json.loads(entry)[0]["headers"]["id"])
