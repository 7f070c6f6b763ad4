"""Redis goes away under a worker, and comes back: as it was, or empty."""

import os
import signal
from pathlib import Path

from tests.integration.worker.heavy_engine import HeavyEngine, await_condition, await_lines, lines

from scheduledtask_workloads.contract import RunState


def test_a_body_that_ends_while_redis_is_away_is_reported_when_it_is_back(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    worker = engine.start_worker()
    order = engine.submit("journals", arguments={"path": str(journal), "seconds": 1.5})
    await_lines(journal)
    engine.server.kill()
    await_lines(journal, 1, "end")
    engine.server.start()
    engine.stamp()
    record = engine.await_record(order)
    assert (record.state, record.attempts) == (RunState.SUCCEEDED, 1)
    engine.await_settled()
    assert len(lines(journal)) == 1
    assert worker.process.poll() is None


def test_a_body_outlives_a_restart_of_redis_and_ends_once(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    engine.start_worker()
    order = engine.submit("journals", arguments={"path": str(journal), "seconds": 3.5})
    after = engine.submit("nothing")
    await_lines(journal)
    engine.server.restart()
    engine.stamp()
    assert engine.await_record(order, sweeping=True).attempts == 1
    assert engine.await_record(after, sweeping=True).state is RunState.SUCCEEDED
    engine.await_settled()
    assert len(lines(journal)) == 1


def test_nothing_starts_before_the_leader_has_compared(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    order = engine.submit("journals", arguments={"path": str(journal)})
    engine.server.restart()
    worker = engine.start_worker()
    worker.await_log("worker ready")
    worker.await_log("waits until the ledger was compared")
    assert not journal.exists()
    engine.stamp()
    assert engine.await_record(order).state is RunState.SUCCEEDED


def test_a_worker_that_starts_before_redis_waits_for_it(engine: HeavyEngine) -> None:
    order = engine.submit("nothing")
    engine.server.kill()
    worker = engine.start_worker()
    worker.await_log("no connection to Redis")
    engine.server.start()
    engine.stamp()
    assert engine.await_record(order, sweeping=True).state is RunState.SUCCEEDED


def test_a_worker_without_redis_stops_when_told_to(engine: HeavyEngine) -> None:
    worker = engine.start_worker()
    worker.await_ready()
    engine.server.kill()
    worker.await_log("no connection to Redis")
    worker.terminate()
    assert worker.await_exit() == 0


def test_the_heartbeat_goes_on_while_redis_is_away(engine: HeavyEngine, tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    worker = engine.start_worker(heartbeat_file=heartbeat)
    worker.await_ready()
    engine.server.kill()
    worker.await_log("no connection to Redis")
    before = heartbeat.stat().st_mtime
    await_condition(lambda: heartbeat.stat().st_mtime > before, lambda: "the worker looks dead")


def test_a_run_ends_though_redis_came_back_empty(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    engine.start_worker()
    order = engine.submit("journals", arguments={"path": str(journal), "seconds": 2.0})
    await_lines(journal)
    engine.server.wipe()
    engine.stamp()
    assert engine.await_record(order).state is RunState.SUCCEEDED
    after = engine.submit("nothing")
    assert engine.await_record(after).state is RunState.SUCCEEDED
    assert len(lines(journal)) == 1


def test_a_hung_redis_costs_no_run(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    worker = engine.start_worker()
    order = engine.submit("journals", arguments={"path": str(journal), "seconds": 1.0})
    await_lines(journal)
    os.kill(engine.server.pid, signal.SIGSTOP)
    worker.await_log("cannot renew leases")
    await_lines(journal, 1, "end")
    worker.await_log("cannot report yet")
    os.kill(engine.server.pid, signal.SIGCONT)
    assert engine.await_record(order).attempts == 1
    after = engine.submit("nothing")
    assert engine.await_record(after).state is RunState.SUCCEEDED
    assert len(lines(journal)) == 1
