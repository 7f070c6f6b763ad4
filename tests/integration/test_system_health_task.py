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

GENEROUS = {"cpu_percent": 100, "memory_percent": 100, "disk_percent": 100, "load_per_cpu": 1e6, "sample_seconds": 0.01}


def perform(tmp_path: Path, **arguments: Any) -> AttemptReport:
    order = order_for("system-health", {**GENEROUS, **arguments})
    return execute(order, output=tmp_path / "output", catalog=catalog_of(system_health))


def test_a_machine_within_its_limits_is_ok(tmp_path: Path) -> None:
    report = perform(tmp_path, disk_paths=["/", str(tmp_path)])

    assert report.state is RunState.SUCCEEDED
    assert report.result["status"] == "ok"
    assert [each["name"] for each in report.result["checks"]] == ["cpu", "load", "memory", "disk /", f"disk {tmp_path}"]
    assert all(each["value"] >= 0 for each in report.result["checks"])


def test_a_broken_limit_degrades_and_does_not_fail(tmp_path: Path) -> None:
    report = perform(tmp_path, memory_percent=0)

    assert report.state is RunState.SUCCEEDED
    assert report.result["status"] == "degraded"
    assert [each["name"] for each in report.result["checks"] if not each["ok"]] == ["memory"]
    assert "above 0" in report.output


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
            "SELECT status, json_array_length(checks), at <= datetime('now', '+1 second') FROM system_health"
        )
        assert rows.fetchall() == [("ok", 4, 1), ("ok", 4, 1)]


def test_a_value_at_its_limit_is_ok() -> None:
    assert judge((check("cpu", 90.0, 90.0, "percent"),)).status == "ok"
    assert judge((check("cpu", 90.1, 90.0, "percent"), check("load", 0, 1, ""))).status == "degraded"
