"""Celery delivers at least once; a body runs once all the same."""

import base64
import json
from pathlib import Path

import redis
from tests.integration.worker.heavy_engine import NAMESPACE, POOL, HeavyEngine, await_condition, await_lines, lines

from scheduledtask_workloads.broker import PoolKeys
from scheduledtask_workloads.contract import RunState
from scheduledtask_workloads.contract.keys import EPOCH_KEY


def test_a_body_longer_than_the_visibility_timeout_runs_once(engine: HeavyEngine, tmp_path: Path) -> None:
    long, after = tmp_path / "long", tmp_path / "after"
    workers = [engine.start_worker(), engine.start_worker()]
    order = engine.submit("journals", arguments={"path": str(long), "seconds": 8.0})
    await_lines(long)
    second = engine.submit("sleeps", arguments={"seconds": 7.0})
    prefetched = engine.submit("journals-after", "heavy-journals", arguments={"path": str(after)})
    for each in (order, second, prefetched):
        assert engine.await_record(each).attempts == 1
    engine.await_settled()
    assert len(lines(long)) == len(lines(after)) == 1
    assert not any("another delivery" in worker.log for worker in workers), "it was delivered again, and refused"


def test_a_second_copy_of_a_message_is_dropped(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    order = engine.submit("journals", arguments={"path": str(journal)})
    engine.send_again(order)
    engine.start_worker()
    assert engine.await_record(order).attempts == 1
    engine.await_settled()
    assert len(lines(journal)) == 1


def test_a_copy_at_another_worker_waits_and_others_pass_it(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for _ in range(2):
        engine.start_worker().await_ready()
    order = engine.submit("journals", arguments={"path": str(journal), "seconds": 600.0})
    await_lines(journal)
    engine.send_again(order)
    assert engine.await_record(engine.submit("nothing")).state is RunState.SUCCEEDED
    assert engine.record(order) is None
    engine.cancel(order)
    assert engine.await_record(order).attempts == 1
    engine.await_settled()
    assert len(lines(journal)) == 1


def test_several_bodies_run_at_once_when_asked_for(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    engine.start_worker(concurrency=2)
    orders = [
        engine.submit(name, "heavy-journals", arguments={"path": str(journal), "seconds": 2.0})
        for name in ("a", "b", "c")
    ]
    begun = await_lines(journal, 2)
    assert not lines(journal, "end")
    assert len({line["pid"] for line in begun}) == 2
    for order in orders:
        assert engine.await_record(order).state is RunState.SUCCEEDED


def test_a_message_that_is_no_order_is_dropped(engine: HeavyEngine) -> None:
    order = engine.submit("nothing")
    with redis.Redis.from_url(engine.server.url) as client:
        queue = PoolKeys(NAMESPACE, POOL).queue
        (message,) = client.lrange(queue, 0, -1)
        poison = json.loads(message)
        poison["body"] = base64.b64encode(b'{"no": "order"}').decode()
        poison["properties"]["delivery_tag"] = "another"
        client.rpush(queue, json.dumps(poison))
    engine.start_worker()
    assert engine.await_record(order).state is RunState.SUCCEEDED
    engine.await_settled()


def test_a_message_that_waits_at_a_worker_is_not_delivered_again(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    order = engine.submit("journals", arguments={"path": str(journal)})
    with redis.Redis.from_url(engine.server.url) as client:
        client.delete(EPOCH_KEY)
    for _ in range(2):
        engine.start_worker().await_ready()
    waiting = "waits until the ledger was compared"
    await_condition(lambda: any(waiting in worker.log for worker in engine.workers), lambda: "nobody took it")
    (holder, idle) = sorted(engine.workers, key=lambda worker: waiting not in worker.log)
    await_condition(lambda: holder.log.count(waiting) >= 14, lambda: "it was not kept for twice the timeout")
    assert waiting not in idle.log
    engine.stamp()
    assert engine.await_record(order).attempts == 1
