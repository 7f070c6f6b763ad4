"""Workers say each second that they live and what they hold, and take no new runs while they are asked to drain."""

from pathlib import Path

import redis
from tests.integration.worker.heavy_engine import NAMESPACE, POOL, HeavyEngine, await_condition, await_lines, lines

from scheduledtask_workloads.contract import RunOrder, RunRecord, RunState
from scheduledtask_workloads.contract.keys import NamespaceKeys
from scheduledtask_workloads.contract.messages import WorkerSeen


def await_seen(engine: HeavyEngine, *expected: WorkerSeen, asking: tuple[str, ...] = ()) -> None:
    def seen() -> bool:
        if asking:
            engine.drain(*asking)
        return engine.seen() == {worker.host: worker for worker in expected}

    await_condition(seen, lambda: f"{engine.seen()} instead of {expected}")


def test_a_worker_is_seen_with_what_it_holds_until_it_leaves(engine: HeavyEngine, tmp_path: Path) -> None:
    worker = engine.start_worker()
    await_seen(engine, WorkerSeen(host="pod-0", runs=0))
    engine.submit("journals", arguments={"path": str(tmp_path / "journal"), "seconds": 4.0})
    await_seen(engine, WorkerSeen(host="pod-0", runs=1))
    worker.terminate()
    await_seen(engine, WorkerSeen(host="pod-0", runs=1, draining=True))
    worker.await_exit()
    assert engine.seen() == {}


def test_a_killed_worker_is_seen_no_more(engine: HeavyEngine) -> None:
    engine.start_worker().await_ready()
    dead = engine.start_worker()
    await_seen(engine, WorkerSeen(host="pod-0", runs=0), WorkerSeen(host="pod-1", runs=0))
    dead.kill()
    await_seen(engine, WorkerSeen(host="pod-0", runs=0))


def test_a_drained_worker_takes_nothing_until_nobody_asks_any_more(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for _ in range(2):
        engine.start_worker()
    open_one = WorkerSeen(host="pod-1", runs=0)
    await_seen(engine, WorkerSeen(host="pod-0", runs=0), open_one)
    await_seen(engine, WorkerSeen(host="pod-0", runs=0, draining=True), open_one, asking=("pod-0",))
    order = engine.submit("journals", arguments={"path": str(journal)})
    assert engine.await_record(order).host.startswith("pod-1:")

    engine.workers[1].terminate()
    engine.workers[1].await_exit()
    waits = engine.submit("waits", "heavy-journals", arguments={"path": str(journal)})
    assert engine.await_record(waits).host.startswith("pod-0:"), "the flag had expired"
    await_seen(engine, WorkerSeen(host="pod-0", runs=0))


def test_a_drain_does_not_touch_what_runs(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    engine.start_worker()
    order = engine.submit("journals", arguments={"path": str(journal), "seconds": 3.0})
    await_lines(journal)
    await_seen(engine, WorkerSeen(host="pod-0", runs=1, draining=True), asking=("pod-0",))
    assert engine.await_record(order).state is RunState.SUCCEEDED
    await_seen(engine, WorkerSeen(host="pod-0", runs=0, draining=True), asking=("pod-0",))


def test_drained_and_idle_is_true_and_nothing_is_lost_on_the_way(engine: HeavyEngine, tmp_path: Path) -> None:
    """Messages come while the way in is closed: each body runs once, and none on a worker that said it was idle."""
    journal = tmp_path / "journal"
    for _ in range(2):
        engine.start_worker().await_ready()
    orders = []

    def drained() -> bool:
        engine.drain("pod-0")
        name = f"job-{len(orders)}"
        orders.append(engine.submit(name, "heavy-journals", arguments={"path": str(journal), "seconds": 0.05}))
        return engine.seen().get("pod-0") == WorkerSeen(host="pod-0", runs=0, draining=True)

    await_condition(drained, lambda: f"never drained: {engine.seen()}")
    count = len(engine.workers[0].log.splitlines())
    records = [await_record_while_drained(engine, order) for order in orders]
    assert {record.attempts for record in records} == {1}
    assert len(lines(journal)) == len(orders)
    assert not [line for line in engine.workers[0].log.splitlines()[count:] if "entered" in line]


def await_record_while_drained(engine: HeavyEngine, order: RunOrder) -> RunRecord:
    """What is asked for expires within seconds, and a busy machine takes longer for all runs."""

    def ended() -> bool:
        engine.drain("pod-0")
        return engine.record(order) is not None

    await_condition(ended, lambda: f"no record of {order.ref.run_id}")
    return engine.await_record(order)


def test_a_worker_that_drains_stays_so_over_a_lost_connection(engine: HeavyEngine) -> None:
    worker = engine.start_worker()
    await_seen(engine, WorkerSeen(host="pod-0", runs=0))
    await_seen(engine, WorkerSeen(host="pod-0", runs=0, draining=True), asking=("pod-0",))
    engine.server.restart()
    engine.stamp()
    worker.await_log("Connected to redis")
    order = engine.submit("nothing")
    await_seen(engine, WorkerSeen(host="pod-0", runs=0, draining=True), asking=("pod-0",))
    assert engine.record(order) is None
    assert engine.await_record(order).state is RunState.SUCCEEDED


def test_the_request_to_drain_is_forgotten_by_itself(engine: HeavyEngine) -> None:
    engine.drain("pod-0", "pod-1")
    engine.drain("pod-1")
    with redis.Redis.from_url(engine.server.url) as client:
        key = NamespaceKeys(NAMESPACE).draining(POOL)
        assert set(client.hgetall(key)) == {b"pod-1"}
        assert 0 < client.ttl(key) <= 10
