"""Attempts reach the pools' queues, in a form that Celery's own transport reads."""

import kombu
import pytest
import redis
from tests.redis_server import RealServer

from scheduledtask_workloads.broker import (
    TASK_NAME,
    BrokerUnavailable,
    HeavyPublisher,
    PoolKeys,
    transport_options,
)
from scheduledtask_workloads.contract import AttemptRef, RunOrder, TaskClass
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint


def order(run_id: str = "training-1", namespace: str = "ml") -> RunOrder:
    ref = AttemptRef(namespace=namespace, name="training", run_id=run_id, attempt=2, fence=7)
    return RunOrder(ref=ref, task_class=TaskClass.HEAVY, task="model-training", arguments={"text": "größer"})


def consume_one(redis_url: str, namespace: str, pool: str) -> kombu.Message:
    options = transport_options(namespace, pool, visibility_timeout_seconds=60)
    with kombu.Connection(redis_url, transport_options=options) as connection:
        queue = connection.SimpleQueue(pool)
        message = queue.get(timeout=5)
        message.ack()
        queue.close()
    return message


def test_kombu_reads_what_was_published(redis_url: str) -> None:
    HeavyPublisher(RedisEndpoint.parse(redis_url)).publish([order()], "big")
    message = consume_one(redis_url, "ml", "big")
    (arguments, _, _) = message.payload
    assert RunOrder.model_validate(arguments[0]) == order()
    assert message.headers["task"] == TASK_NAME
    assert message.headers["id"] == "training-1.2"
    assert message.headers["scheduledtask"]["fence"] == 7


def test_the_first_published_is_the_first_consumed(redis_url: str) -> None:
    HeavyPublisher(RedisEndpoint.parse(redis_url)).publish([order(f"run-{number}") for number in range(3)], "big")
    assert consume_one(redis_url, "ml", "big").headers["id"] == "run-0.2"


def test_each_namespace_has_its_own_queue(redis_url: str) -> None:
    publisher = HeavyPublisher(RedisEndpoint.parse(redis_url))
    publisher.publish([order("a", "one"), order("b", "two"), order("c", "two")], "big")
    assert publisher.depth("one", "big").ready == 1
    assert publisher.depth("two", "big").ready == 2


def test_depth_counts_every_priority_and_what_workers_hold(redis_url: str) -> None:
    publisher = HeavyPublisher(RedisEndpoint.parse(redis_url))
    publisher.publish([order("held"), order("waits")], "big")
    options = transport_options("ml", "big", visibility_timeout_seconds=60)
    with kombu.Connection(redis_url, transport_options=options) as connection:
        held = connection.SimpleQueue("big")
        held.get(timeout=5)
        connection.SimpleQueue("big").put({"a": "user's"}, priority=6)
        depth = publisher.depth("ml", "big")
        assert (depth.ready, depth.unacked) == (2, 1)
        held.close()


def test_the_oldest_that_waits_says_when_it_was_sent(redis_url: str) -> None:
    publisher = HeavyPublisher(RedisEndpoint.parse(redis_url))
    assert publisher.depth("ml", "big").oldest_sent_at is None

    publisher.publish([order("first")], "big")
    first = publisher.depth("ml", "big").oldest_sent_at
    publisher.publish([order("second")], "big")
    assert first is not None
    assert publisher.depth("ml", "big").oldest_sent_at == first

    consume_one(redis_url, "ml", "big")
    second = publisher.depth("ml", "big").oldest_sent_at
    assert second is not None
    assert second > first


def test_attempts_that_wait_and_that_are_held_are_both_found(redis_url: str) -> None:
    publisher = HeavyPublisher(RedisEndpoint.parse(redis_url))
    publisher.publish([order("held"), order("waits")], "big")
    options = transport_options("ml", "big", visibility_timeout_seconds=60)
    with kombu.Connection(redis_url, transport_options=options) as connection:
        held = connection.SimpleQueue("big")
        held.get(timeout=5)
        assert publisher.attempts("ml", "big") == {"held.2", "waits.2"}
        held.close()


def test_publishing_goes_on_after_the_server_was_restarted(redis_server: RealServer) -> None:
    publisher = HeavyPublisher(RedisEndpoint.parse(redis_server.url))
    publisher.publish([order("before")], "big")
    redis_server.restart()
    publisher.publish([order("after")], "big")
    assert "after.2" in publisher.attempts("ml", "big")


def test_a_server_that_is_down_is_said_to_be(redis_server: RealServer) -> None:
    publisher = HeavyPublisher(RedisEndpoint.parse(redis_server.url))
    redis_server.kill()
    with pytest.raises(BrokerUnavailable, match="cannot be reached"):
        publisher.publish([order()], "big")


def test_a_full_server_refuses_and_that_is_said(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", "1")
        with pytest.raises(BrokerUnavailable, match="maxmemory"):
            HeavyPublisher(RedisEndpoint.parse(redis_url)).publish([order()], "big")
        client.config_set("maxmemory", "0")
        assert client.llen(PoolKeys("ml", "big").queue) == 0
