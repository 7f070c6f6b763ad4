"""Bodies go on while no scheduler is there, and the next one finds everything."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runners_driver import RunnersProgram, SchedulerEnd, await_true, light_order

from scheduledtask_workloads.contract import RunState
from scheduledtask_workloads.contract.messages import AttemptEnded, ReportAcknowledged


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnersProgram]:
    with RunnersProgram(tmp_path_factory.mktemp("runners"), "--processes", "2") as program:
        yield program


@pytest.fixture
def program(shared: RunnersProgram) -> Iterator[RunnersProgram]:
    """Without anything of the test before."""
    yield shared
    scheduler = shared.connect()
    for ref in scheduler.hello.running:
        scheduler.ended(ref)
    scheduler.run(light_order("nothing"))
    scheduler.send(*(ReportAcknowledged(ref=report.ref) for report in reports(scheduler)))


def reports(scheduler: SchedulerEnd) -> list[AttemptEnded]:
    return [message.report for message in scheduler.heard if isinstance(message, AttemptEnded)]


def journal(path: Path) -> list[tuple[str, str]]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [(event["event"], event["label"]) for event in map(json.loads, lines)]


def test_a_report_is_sent_again_until_it_is_acknowledged(program: RunnersProgram) -> None:
    first = program.connect()
    ref = first.start(light_order("sleeps", seconds=0.2))
    first.started(ref)
    first.close()

    second = program.connect()
    report = second.ended(ref)
    second.close()
    third = program.connect()
    assert third.ended(ref) == report
    third.send(ReportAcknowledged(ref=ref))
    third.run(light_order("nothing"))  # heard after the acknowledgement
    third.close()

    fourth = program.connect()
    fourth.run(light_order("nothing"))
    assert report.state is RunState.SUCCEEDED
    assert ref not in [ended.ref for ended in reports(fourth)]


def test_hello_lists_the_bodies_that_run_and_when_they_began(program: RunnersProgram) -> None:
    first = program.connect()
    ref = first.start(light_order("sleeps", seconds=0.5))
    started_at = first.started(ref).started_at
    first.close()

    second = program.connect()
    assert second.hello.running == (ref,)
    assert second.started(ref).started_at == started_at
    second.ended(ref)


def test_a_newer_connection_replaces_the_older(program: RunnersProgram) -> None:
    older = program.connect()
    ref = older.start(light_order("sleeps", seconds=0.3))
    older.started(ref)
    newer = program.connect()

    older.await_hang_up()
    assert newer.ended(ref).state is RunState.SUCCEEDED
    assert ref not in [report.ref for report in reports(older)]


def test_an_order_that_comes_twice_runs_once(program: RunnersProgram, tmp_path: Path) -> None:
    order = light_order("journals", path=str(tmp_path / "journal"), label="once", seconds=0.2)
    scheduler = program.connect()
    scheduler.start(order)
    scheduler.start(order)
    scheduler.ended(order.ref)
    scheduler.start(order)  # ended, not acknowledged: told again, not run again
    scheduler.run(light_order("nothing"))

    assert journal(tmp_path / "journal") == [("begin", "once"), ("end", "once")]
    assert [report.ref for report in reports(scheduler)].count(order.ref) == 2


def test_an_order_that_waits_is_forgotten_with_its_scheduler(program: RunnersProgram, tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    scheduler = program.connect()
    busy = [scheduler.start(light_order("sleeps", seconds=0.5)) for _ in range(2)]
    for ref in busy:
        scheduler.started(ref)
    waiting = scheduler.start(light_order("journals", path=path, label="waiting"))
    scheduler.close()

    following = program.connect()
    assert set(following.hello.running) == set(busy)
    for ref in busy:
        following.ended(ref)
    following.run(light_order("journals", path=path, label="following"))
    assert journal(tmp_path / "journal") == [("begin", "following"), ("end", "following")]
    assert waiting not in [report.ref for report in reports(following)]


def test_a_peer_that_does_not_speak_the_contract_is_hung_up_on(program: RunnersProgram) -> None:
    stranger = program.connect()
    stranger.send_raw(b"GET / HTTP/1.1\r\n")
    stranger.await_hang_up()

    await_true(lambda: "not a message of this contract" in program.log.read_text(), "the reason is logged")
    assert program.connect().run(light_order("nothing")).state is RunState.SUCCEEDED
