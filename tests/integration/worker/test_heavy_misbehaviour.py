"""Bodies that do everything wrong are recorded as what they are, and the worker goes on."""

from pathlib import Path

from tests.integration.worker.heavy_engine import HeavyEngine, await_condition, await_lines, is_alive

from scheduledtask_workloads.contract import Reason, RunState


def test_each_is_recorded_as_what_it_is_and_the_worker_goes_on(engine: HeavyEngine) -> None:
    worker = engine.start_worker()
    orders = {
        name: engine.submit(name)
        for name in ("raises", "exits", "exits-at-once", "dies-of-signal", "segfaults", "prints")
    }
    records = {name: engine.await_record(order, sweeping=True) for name, order in orders.items()}
    assert (records["raises"].reason, records["exits"].reason) == (Reason.RAISED, Reason.EXITED)
    assert records["exits-at-once"].reason is Reason.EXITED
    assert "exit code 4" in records["exits-at-once"].message
    assert records["dies-of-signal"].reason is Reason.KILLED
    assert "SIGKILL" in records["dies-of-signal"].message
    assert "SIGSEGV" in records["segfaults"].message
    assert records["prints"].state is RunState.SUCCEEDED
    assert records["prints"].output.endswith("the end\n")
    assert worker.process.poll() is None


def test_a_body_over_its_time_limit_is_ended(engine: HeavyEngine) -> None:
    engine.start_worker()
    record = engine.await_record(engine.submit("hangs-deaf", timeout_seconds=1.0))
    assert (record.state, record.reason) == (RunState.TIMED_OUT, Reason.TIME_LIMIT)
    assert "deaf" in record.output


def test_a_body_that_holds_the_interpreter_is_ended_too(engine: HeavyEngine) -> None:
    engine.start_worker()
    record = engine.await_record(engine.submit("hangs-busy", timeout_seconds=1.0))
    assert record.reason is Reason.TIME_LIMIT


def test_a_body_over_its_memory_limit_is_ended(engine: HeavyEngine) -> None:
    engine.start_worker()
    record = engine.await_record(engine.submit("eats-memory", memory_limit_bytes=400 * 1024**2))
    assert (record.state, record.reason) == (RunState.FAILED, Reason.MEMORY_LIMIT)
    assert record.peak_memory_bytes is not None
    assert record.peak_memory_bytes > 400 * 1024**2


def test_the_memory_of_what_a_body_started_counts(engine: HeavyEngine) -> None:
    engine.start_worker()
    arguments = {"total_bytes": 1024**3}
    order = engine.submit("eats-memory-in-a-child", arguments=arguments, memory_limit_bytes=400 * 1024**2)
    assert engine.await_record(order).reason is Reason.MEMORY_LIMIT


def test_what_a_body_started_ends_with_it(engine: HeavyEngine, tmp_path: Path) -> None:
    engine.start_worker()
    child, daemon, hanging = tmp_path / "child", tmp_path / "daemon", tmp_path / "hanging"
    orders = [
        engine.submit("leaves-a-child", arguments={"path": str(child)}),
        engine.submit("leaves-a-daemon", arguments={"path": str(daemon)}),
        engine.submit("leaves-a-daemon-and-hangs", arguments={"path": str(hanging)}, timeout_seconds=2.0),
    ]
    for order in orders:
        engine.await_record(order)
    left = [await_lines(path, 1, "left")[0]["pid"] for path in (child, daemon, hanging)]
    await_condition(lambda: not any(map(is_alive, left)), lambda: f"{left} live on")


def test_a_body_that_returns_twice_is_recorded_once(engine: HeavyEngine) -> None:
    engine.start_worker()
    record = engine.await_record(engine.submit("forks-and-returns-twice"))
    assert (record.state, record.result) == (RunState.SUCCEEDED, 0)
    engine.await_settled()


def test_a_cancelled_body_is_ended(engine: HeavyEngine) -> None:
    worker = engine.start_worker()
    order = engine.submit("hangs")
    worker.await_log("entered")
    engine.cancel(order)
    record = engine.await_record(order)
    assert (record.state, record.reason) == (RunState.CANCELLED, Reason.CANCELLED)
    engine.await_settled()


def test_a_run_that_was_cancelled_before_a_worker_came_never_starts(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    order = engine.submit("journals", arguments={"path": str(journal)})
    engine.cancel(order)
    engine.start_worker().await_ready()
    engine.await_settled()
    assert not journal.exists()
