"""`execute` leaves the process as it found it, and says the same of each kind of body."""

import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.catalog import RunContext, task
from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import execute

Perform = Callable[..., AttemptReport]


@pytest.fixture
def perform(tmp_path: Path) -> Perform:
    def perform(function: Callable[..., Any], **fields: Any) -> AttemptReport:
        catalog = catalog_of(function)
        order = order_for(next(iter(catalog.tasks)), **{"artifacts_url": str(tmp_path / "artifacts"), **fields})
        return execute(order, output=tmp_path / "output", catalog=catalog)

    return perform


def test_streams_handlers_and_descriptors_are_put_back(perform: Perform) -> None:
    @task("rude")
    def rude() -> None:
        sys.stdout.close()
        sys.stderr = None  # type: ignore[assignment]
        os.close(1)
        logging.getLogger().handlers.clear()

    before = (sys.stdout, sys.stderr, logging.getLogger().handlers[:], signal.getsignal(signal.SIGTERM))
    descriptors = len(os.listdir("/dev/fd"))
    report = perform(rude)

    assert report.state is RunState.SUCCEEDED
    assert (sys.stdout, sys.stderr, logging.getLogger().handlers, signal.getsignal(signal.SIGTERM)) == before
    assert len(os.listdir("/dev/fd")) == descriptors
    os.fstat(1)


def test_the_next_body_finds_the_surroundings_of_the_first(perform: Perform, tmp_path: Path) -> None:
    @task("wanders")
    def wanders() -> None:
        os.chdir(tmp_path)
        os.environ["LEFT_BEHIND"] = "1"
        del os.environ["PATH"]
        os.umask(0o777)

    before = (Path.cwd(), dict(os.environ))
    report = perform(wanders)
    (tmp_path / "readable").touch()

    assert report.state is RunState.SUCCEEDED, report.message
    assert (Path.cwd(), dict(os.environ)) == before
    assert (tmp_path / "readable").stat().st_mode & 0o400


def test_logging_goes_to_the_output_with_the_run(perform: Perform) -> None:
    @task("speaks")
    def speaks(context: RunContext) -> None:
        logging.getLogger("library").warning("careful")
        context.progress(0.5, "half")
        logging.getLogger("library").debug("unheard")

    lines = perform(speaks).output.splitlines()

    assert [line.split(" ", 2)[2] for line in lines] == [
        "WARNING library [subject-1.1] careful",
        "INFO speaks [subject-1.1] progress 50 %: half",
    ]


def test_input_is_empty(perform: Perform) -> None:
    @task("asks")
    def asks() -> None:
        input("really? ")

    assert perform(asks).message == "EOFError: EOF when reading a line"


def test_an_exception_that_cannot_be_written_is_still_a_report(perform: Perform) -> None:
    class HostileError(BaseException):
        def __str__(self) -> str:
            raise RuntimeError

    @task("hostile")
    def hostile() -> None:
        raise HostileError

    report = perform(hostile)

    assert (report.state, report.reason) == (RunState.FAILED, Reason.RAISED)
    assert report.message == "HostileError: (its text cannot be read)"


def test_an_output_that_cannot_be_written_is_a_report(tmp_path: Path) -> None:
    @task("fine")
    def fine() -> None: ...

    report = execute(order_for("fine"), output=tmp_path / "no" / "such" / "folder", catalog=catalog_of(fine))

    assert report.state is RunState.FAILED
    assert report.message.startswith("the body could not be run: FileNotFoundError")
    assert report.started_at is None


def test_the_checkpoint_goes_when_the_run_has_succeeded_and_stays_when_it_failed(
    perform: Perform, tmp_path: Path
) -> None:
    @task("keeps")
    def keeps(context: RunContext) -> None:
        state = context.checkpoint_dir / "state"
        if not state.exists():
            state.touch()
            raise RuntimeError("first attempt")
        (context.artifacts / "result").touch()

    folder = tmp_path / "artifacts" / "test" / "subject"

    assert perform(keeps).state is RunState.FAILED
    assert (folder / "subject-1.checkpoint" / "state").exists()
    assert perform(keeps, attempt=2).state is RunState.SUCCEEDED
    assert not (folder / "subject-1.checkpoint").exists()
    assert (folder / "subject-1" / "result").exists()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_processes_of_the_body_can_be_terminated_as_ever(perform: Perform) -> None:
    """A forked child inherited the handler of SIGTERM; a pool that is left by `with` waits for it to die."""

    @task("pools")
    def pools(context: RunContext) -> list[int]:
        with multiprocessing.get_context("fork").Pool(2) as pool:
            return pool.map(abs, [-1, -2])

    assert perform(pools).result == [1, 2]
