"""Workers are killed and told to stop while bodies run: nothing is lost, nothing is done twice at once."""

import os
import signal
from pathlib import Path

from tests.integration.worker.heavy_engine import (
    NAMESPACE,
    POOL,
    HeavyEngine,
    await_condition,
    await_lines,
    is_alive,
    lines,
)

from scheduledtask_workloads.broker import HeavyPublisher
from scheduledtask_workloads.contract import Reason, RetryPolicy, RunState
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint


def journal_arguments(path: Path, seconds: float) -> dict[str, object]:
    return {"path": str(path), "seconds": seconds}


def test_the_body_dies_with_its_worker_and_a_second_attempt_completes(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    worker = engine.start_worker()
    order = engine.submit("journals", arguments=journal_arguments(journal, 2.5))
    (first,) = await_lines(journal)
    worker.kill()
    await_condition(lambda: not is_alive(first["pid"]), lambda: "the body outlived its worker")
    engine.start_worker()
    record = engine.await_record(order, sweeping=True)
    assert (record.state, record.attempts, record.losses) == (RunState.SUCCEEDED, 2, 1)
    assert len(lines(journal, "end")) == 1
    engine.await_settled()


def test_the_message_of_a_killed_worker_makes_the_next_attempt_without_a_leader(
    engine: HeavyEngine, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    worker = engine.start_worker()
    order = engine.submit("journals", arguments=journal_arguments(journal, 1.5))
    await_lines(journal)
    worker.kill()
    engine.start_worker()
    record = engine.await_record(order)
    assert (record.state, record.attempts) == (RunState.SUCCEEDED, 2)


def test_a_killed_body_is_tried_again_as_the_ledger_says(engine: HeavyEngine, tmp_path: Path) -> None:
    engine.start_worker()
    retry = RetryPolicy(limit=1, backoff_seconds=0.1, on_lost=1)
    order = engine.submit("dies-at-first", arguments={"path": str(tmp_path / "calls")}, retry=retry)
    record = engine.await_record(order, sweeping=True)
    assert (record.state, record.attempts, record.result) == (RunState.SUCCEEDED, 2, 2)


def test_a_worker_that_is_told_to_stop_lets_its_body_end(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    worker = engine.start_worker()
    order = engine.submit("journals", arguments=journal_arguments(journal, 2.5))
    await_lines(journal)
    waiting = engine.submit("nothing")
    worker.terminate()
    assert worker.await_exit() == 0
    assert engine.record(order) is not None
    assert engine.record(waiting) is None
    assert HeavyPublisher(RedisEndpoint.parse(engine.server.url)).attempts(NAMESPACE, POOL) == {waiting.ref.attempt_id}
    assert len(lines(journal)) == len(lines(journal, "end")) == 1


def test_an_idle_worker_stops_at_once(engine: HeavyEngine) -> None:
    worker = engine.start_worker()
    worker.await_ready()
    worker.terminate()
    assert worker.await_exit() == 0
    assert "worker stopped" in worker.log


def test_a_second_signal_interrupts_the_body_which_gets_another_attempt(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    worker = engine.start_worker()
    order = engine.submit("journals", arguments=journal_arguments(journal, 2.0), retry=RetryPolicy(on_lost=0))
    await_lines(journal)
    worker.terminate()
    worker.terminate()
    worker.process.send_signal(signal.SIGQUIT)
    assert worker.await_exit() == 0
    assert Reason.INTERRUPTED.value in worker.log
    engine.start_worker()
    record = engine.await_record(order, sweeping=True)
    assert (record.state, record.attempts) == (RunState.SUCCEEDED, 2)
    assert len(lines(journal, "end")) == 1


def test_a_worker_that_was_frozen_past_its_lease_does_not_end_the_other_attempt(
    engine: HeavyEngine, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    frozen = engine.start_worker()
    order = engine.submit("journals", arguments=journal_arguments(journal, 3.0))
    (first,) = await_lines(journal)
    for pid in (frozen.process.pid, first["pid"]):
        os.kill(pid, signal.SIGSTOP)
    engine.start_worker()
    await_lines(journal, 2)
    for pid in (frozen.process.pid, first["pid"]):
        os.kill(pid, signal.SIGCONT)
    record = engine.await_record(order)
    assert (record.state, record.attempts) == (RunState.SUCCEEDED, 2)
    await_condition(lambda: not is_alive(first["pid"]), lambda: "the superseded body goes on")
    engine.await_settled()
