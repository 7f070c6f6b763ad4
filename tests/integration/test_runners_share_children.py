"""So many bodies at once and no more, each child in one namespace, and runs that are cancelled."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runners_driver import RunnersProgram, SchedulerEnd, await_true, is_alive, left_pids, light_order

from scheduledtask_workloads.contract import AttemptRef, Reason, RunState
from scheduledtask_workloads.contract.messages import KillRun


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SchedulerEnd]:
    with RunnersProgram(tmp_path_factory.mktemp("runners"), "--processes", "2") as program:
        yield program.connect()


def ignores(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn:"))
    return bool(int(mask, 16) >> (number - 1) & 1)


def test_hello_says_how_many_bodies_run_at_once(scheduler: SchedulerEnd) -> None:
    assert scheduler.hello.processes == 2


def test_more_orders_than_processes_wait(scheduler: SchedulerEnd, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    refs = [scheduler.start(light_order("journals", path=str(path), seconds=0.1)) for _ in range(6)]
    assert {scheduler.ended(ref).state for ref in refs} == {RunState.SUCCEEDED}

    events = sorted((json.loads(line) for line in path.read_text().splitlines()), key=lambda event: event["at"])
    at_once, most = 0, 0
    for event in events:
        at_once += 1 if event["event"] == "begin" else -1
        most = max(most, at_once)
    assert (len(events), most) == (12, 2)


def test_a_child_runs_the_bodies_of_one_namespace_only(scheduler: SchedulerEnd) -> None:
    namespace_of: dict[int, str] = {}
    for namespace in ["red", "blue", "green", "black", "white", "grey"] * 2:
        report = scheduler.run(light_order("reports-process", namespace=namespace))
        assert namespace_of.setdefault(report.result["pid"], namespace) == namespace


def test_namespaces_that_alternate_find_their_children_again(scheduler: SchedulerEnd) -> None:
    pids = [
        scheduler.run(light_order("reports-process", namespace=namespace)).result["pid"]
        for namespace in ["red", "blue", "green"] * 2
    ]

    assert pids[:3] == pids[3:]


def test_runs_one_after_the_other_share_the_child_that_ran_last(scheduler: SchedulerEnd) -> None:
    for ref in [scheduler.start(light_order("sleeps", namespace="pair", seconds=0.2)) for _ in range(2)]:
        assert scheduler.ended(ref).state is RunState.SUCCEEDED  # two children are kept to the namespace

    pids = {scheduler.run(light_order("reports-process", namespace="pair")).result["pid"] for _ in range(4)}

    assert len(pids) == 1


def test_a_cancelled_body_is_asked_to_stop_and_its_processes_end(scheduler: SchedulerEnd, tmp_path: Path) -> None:
    ref = scheduler.start(light_order("leaves-a-daemon-and-hangs", path=str(tmp_path / "left")))
    await_true(lambda: left_pids(tmp_path / "left"), "the daemon runs")
    scheduler.send(KillRun(ref=ref))
    report = scheduler.ended(ref)

    assert (report.state, report.reason) == (RunState.CANCELLED, Reason.CANCELLED)
    assert scheduler.run(light_order("nothing")).state is RunState.SUCCEEDED
    await_true(lambda: not any(map(is_alive, left_pids(tmp_path / "left"))), "the daemon is gone")


def test_a_cancelled_body_that_does_not_listen_is_killed(scheduler: SchedulerEnd) -> None:
    pid = scheduler.run(light_order("reports-process", namespace="deaf")).result["pid"]
    ref = scheduler.start(light_order("hangs-deaf", namespace="deaf"))
    await_true(lambda: ignores(pid, signal.SIGTERM), "the body is deaf")
    scheduler.send(KillRun(ref=ref))
    report = scheduler.ended(ref)

    assert (report.state, report.reason) == (RunState.CANCELLED, Reason.CANCELLED)
    assert scheduler.run(light_order("nothing")).state is RunState.SUCCEEDED


def test_an_order_cancelled_while_it_waits_never_begins(scheduler: SchedulerEnd, tmp_path: Path) -> None:
    busy = [scheduler.start(light_order("sleeps", seconds=0.4)) for _ in range(2)]
    waiting = scheduler.start(light_order("journals", path=str(tmp_path / "journal")))
    scheduler.send(KillRun(ref=waiting))

    report = scheduler.ended(waiting)
    assert (report.state, report.started_at) == (RunState.CANCELLED, None)
    assert {scheduler.ended(ref).state for ref in busy} == {RunState.SUCCEEDED}
    assert not (tmp_path / "journal").exists()


def test_cancelling_what_nobody_runs_is_no_error(scheduler: SchedulerEnd) -> None:
    scheduler.send(KillRun(ref=AttemptRef(namespace="team", name="gone", run_id="gone-1", attempt=1, fence=1)))

    assert scheduler.run(light_order("nothing")).state is RunState.SUCCEEDED
