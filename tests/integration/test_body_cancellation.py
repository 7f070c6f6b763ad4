"""SIGTERM asks a body to stop; what comes of it depends on what the body does then."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.catalog import RunContext, task
from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import execute


def terminate_myself() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def perform(function: Callable[..., Any], tmp_path: Path) -> AttemptReport:
    catalog = catalog_of(function)
    return execute(order_for(next(iter(catalog.tasks))), output=tmp_path / "output", catalog=catalog)


def test_a_body_without_context_is_left_where_it_is_and_may_clean_up(tmp_path: Path) -> None:
    @task("plain")
    def plain() -> None:
        try:
            terminate_myself()
            time.sleep(60)
        finally:
            print("cleaned up")

    report = perform(plain, tmp_path)

    assert (report.state, report.reason) == (RunState.CANCELLED, Reason.CANCELLED)
    assert report.output == "cleaned up\n"


def test_a_coroutine_is_cancelled(tmp_path: Path) -> None:
    @task("waits")
    async def waits() -> None:
        helper = asyncio.create_task(asyncio.sleep(60))
        terminate_myself()
        await helper

    assert perform(waits, tmp_path).state is RunState.CANCELLED


def test_a_body_with_context_is_trusted_to_look(tmp_path: Path) -> None:
    @task("looks")
    def looks(context: RunContext) -> str:
        terminate_myself()
        while not context.cancelled():
            time.sleep(0.01)
        return "stopped early"

    report = perform(looks, tmp_path)

    assert report.state is RunState.CANCELLED
    assert report.result is None


def test_a_body_that_was_done_before_it_looked_has_succeeded(tmp_path: Path) -> None:
    @task("done")
    def done(context: RunContext) -> str:
        terminate_myself()
        return "done"

    report = perform(done, tmp_path)

    assert (report.state, report.result) == (RunState.SUCCEEDED, "done")


def test_an_error_after_the_request_is_the_requests(tmp_path: Path) -> None:
    """The group's SIGTERM also ends what the body waits for, which then raises."""

    @task("breaks")
    def breaks(context: RunContext) -> None:
        terminate_myself()
        raise ConnectionError("my child process has died")

    assert perform(breaks, tmp_path).state is RunState.CANCELLED


def test_ctrl_c_is_a_cancellation(tmp_path: Path) -> None:
    @task("interrupted")
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert perform(interrupted, tmp_path).state is RunState.CANCELLED
