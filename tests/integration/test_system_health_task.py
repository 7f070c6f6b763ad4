"""`system-health` measures this machine and judges it against limits."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import system_health
from scheduledtask_workloads.tasks.system_health.checks import check, judge

PERCENT = ("cpu", "memory", "swap", "disk", "inode", "file_descriptor", "network_error")
GENEROUS = {**{f"{name}_percent": 100 for name in PERCENT}, "load_per_cpu": 1e6, "sample_seconds": 0.01}
EVERYWHERE = ["cpu", "load", "memory", "swap", "disk /", "inodes /"]


def perform(tmp_path: Path, **arguments: Any) -> AttemptReport:
    order = order_for("system-health", {**GENEROUS, **arguments})
    return execute(order, output=tmp_path / "output", catalog=catalog_of(system_health))


def test_a_machine_within_its_limits_is_ok(tmp_path: Path) -> None:
    report = perform(tmp_path, disk_paths=["/", str(tmp_path)])

    assert report.state is RunState.SUCCEEDED
    assert report.result["status"] == "ok"
    names = [each["name"] for each in report.result["checks"]]
    assert names[:8] == [*EVERYWHERE, f"disk {tmp_path}", f"inodes {tmp_path}"]
    assert names[-1] == "network errors"
    assert all(each["value"] >= 0 for each in report.result["checks"])


def test_a_broken_limit_degrades_and_does_not_fail(tmp_path: Path) -> None:
    report = perform(tmp_path, memory_percent=0)

    assert report.state is RunState.SUCCEEDED
    assert report.result["status"] == "degraded"
    assert [each["name"] for each in report.result["checks"] if not each["ok"]] == ["memory"]
    assert "above 0" in report.output


def test_a_broken_limit_fails_the_run_where_asked(tmp_path: Path) -> None:
    report = perform(tmp_path, memory_percent=0, fail_when_degraded=True, history=str(tmp_path / "health.db"))

    assert (report.state, report.reason) == (RunState.FAILED, Reason.RAISED)
    assert report.message.startswith("DegradedError: memory is ")
    assert (tmp_path / "health.db").exists()


def test_a_limit_outside_of_percent_is_refused(tmp_path: Path) -> None:
    report = perform(tmp_path, cpu_percent=101)

    assert report.reason is Reason.BAD_ARGUMENTS
    assert report.message == "arguments.cpu_percent: 101: Input should be less than or equal to 100"


def test_a_disk_that_is_not_there_fails(tmp_path: Path) -> None:
    report = perform(tmp_path, disk_paths=["/no/such/folder"])

    assert report.reason is Reason.RAISED
    assert "/no/such/folder" in report.message


def test_results_are_kept_over_time_where_asked(tmp_path: Path) -> None:
    file = tmp_path / "health.db"
    for _ in range(2):
        perform(tmp_path, history=str(file))
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT status, json_array_length(checks) > 5, at <= datetime('now', '+1 second') FROM system_health"
        )
        assert rows.fetchall() == [("ok", 1, 1), ("ok", 1, 1)]


def test_a_value_at_its_limit_is_ok() -> None:
    assert judge((check("cpu", 90.0, 90.0, "percent"),)).status == "ok"
    assert judge((check("cpu", 90.1, 90.0, "percent"), check("load", 0, 1, ""))).status == "degraded"
