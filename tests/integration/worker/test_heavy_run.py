"""A heavy run from the queue to its record."""

from pathlib import Path

from tests.integration.worker.heavy_engine import HeavyEngine, lines

from scheduledtask_workloads.contract import Reason, RunState


def test_a_run_is_performed_once_and_its_message_is_gone(engine: HeavyEngine, tmp_path: Path) -> None:
    engine.start_worker().await_ready()
    journal = tmp_path / "journal"
    record = engine.await_record(engine.submit("journals", arguments={"path": str(journal)}))
    assert (record.state, record.reason) == (RunState.SUCCEEDED, Reason.COMPLETED)
    assert record.attempts == 1
    assert record.peak_memory_bytes
    engine.await_settled()
    assert len(lines(journal)) == 1


def test_what_was_sent_before_a_worker_came_is_performed(engine: HeavyEngine) -> None:
    order = engine.submit("nothing")
    engine.start_worker()
    assert engine.await_record(order).state is RunState.SUCCEEDED
