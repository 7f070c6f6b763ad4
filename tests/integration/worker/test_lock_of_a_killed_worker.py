"""A worker is killed while it looks for messages that dead workers held."""

import queue

import kombu
from kombu.simple import SimpleQueue
from kombu.transport.redis import Mutex
from tests.integration.worker.heavy_engine import await_condition

from scheduledtask_workloads.broker import transport_options


def test_another_takes_over_its_messages_within_the_terms_of_the_pool(redis_url: str) -> None:
    options = transport_options("ml", "big", visibility_timeout_seconds=1)
    with (
        kombu.Connection(redis_url, transport_options=options) as killed,
        kombu.Connection(redis_url, transport_options=options) as other,
    ):
        held = killed.SimpleQueue("big")
        held.put({"a": "message"})
        held.get(timeout=5)
        channel = held.channel
        awaiting = other.SimpleQueue("big")
        with Mutex(channel.client, channel.unacked_mutex_key, channel.unacked_mutex_expire):
            await_condition(lambda: arrives(awaiting), lambda: "the lock of the dead is still respected")


def arrives(awaiting: SimpleQueue) -> bool:
    """Within a moment; kombu looks for messages of the dead whenever there is none."""
    try:
        return bool(awaiting.get(timeout=0.2).payload == {"a": "message"})
    except queue.Empty:
        return False
