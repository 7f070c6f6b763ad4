"""The journal has a line for each beginning and each end of a body."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.catalog import RunContext, task
from scheduledtask_workloads.contract import RunState
from scheduledtask_workloads.execution import execute


@task("writes")
def writes(path: str, fail: bool = False) -> None:
    """Keeps the journal as it was when the body began."""
    Path(path).with_name("seen").write_text(Path(path).read_text())
    if fail:
        raise RuntimeError


@task("needs")
def needs(context: RunContext, days: int) -> None: ...


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "journal"
    monkeypatch.setenv("SCHEDULEDTASK_BODY_JOURNAL", str(path))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_begin_is_written_before_the_first_line_and_end_after_the_last(journal: Path) -> None:
    started: list[float] = []
    order = order_for("writes", {"path": str(journal)}, slot_epoch_seconds=1_800_000_000)
    report = execute(order, output=journal.with_name("output"), on_started=started.append, catalog=catalog_of(writes))
    begin, end = lines(journal)

    assert lines(journal.with_name("seen")) == [begin]
    assert begin == {
        "event": "begin",
        "namespace": "test",
        "name": "subject",
        "run_id": "subject-1",
        "attempt": 1,
        "slot": 1_800_000_000,
        "pid": os.getpid(),
        "at": report.started_at,
        "state": "Started",
    }
    assert end == begin | {"event": "end", "at": report.ended_at, "state": "Succeeded"}
    assert started == [report.started_at]


def test_the_end_tells_how(journal: Path) -> None:
    order = order_for("writes", {"path": str(journal), "fail": True})
    execute(order, output=journal.with_name("output"), catalog=catalog_of(writes))

    assert [line["state"] for line in lines(journal)] == ["Started", "Failed"]


def test_a_body_that_never_began_leaves_no_line(journal: Path) -> None:
    report = execute(order_for("needs"), output=journal.with_name("output"), catalog=catalog_of(needs))

    assert report.state is RunState.FAILED
    assert not journal.exists()
