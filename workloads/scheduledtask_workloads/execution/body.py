"""One call of task code, and what came of it."""

import asyncio
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from scheduledtask_workloads.catalog import RunContext, Task, TaskFailedError
from scheduledtask_workloads.contract import Reason, RunState
from scheduledtask_workloads.execution.cancellation import BodyCancelled, Interruption, cancelled_by_sigterm
from scheduledtask_workloads.execution.masking import NO_MASKER, Masker
from scheduledtask_workloads.execution.results import BadResultError, as_json, one_line


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a body ended, before anything is known about its output and memory."""

    state: RunState
    reason: Reason
    message: str = ""
    result: Any = None


_MACHINERY = (os.path.dirname(__file__), os.path.dirname(asyncio.__file__))
_CANCELLED = Outcome(RunState.CANCELLED, Reason.CANCELLED, "cancelled on request")


def call(task: Task, keywords: dict[str, Any], interruption: Interruption | None = None) -> object:
    """The body itself, a coroutine on an event loop of its own. Raises what it raises."""
    if not task.coroutine:
        return task.function(**keywords)
    coroutine = task.function(**keywords)
    return asyncio.run(interruption.interruptible(coroutine) if interruption else coroutine)


def run_body(task: Task, keywords: dict[str, Any], context: RunContext, masker: Masker = NO_MASKER) -> Outcome:
    """Call the body and judge what came of it. Never raises; in a process that the body forked, never returns."""
    owner_pid = os.getpid()
    cancellation = context.cancellation
    interruption = None if task.takes_context else Interruption()
    try:
        with cancelled_by_sigterm(cancellation, interruption):
            outcome = _judged(lambda: call(task, keywords, interruption), owner_pid, masker)
    except (BodyCancelled, KeyboardInterrupt):  # a signal between the body's last line and here
        outcome = _CANCELLED
    if cancellation.observed or (cancellation.requested and outcome.state is RunState.FAILED):
        return _CANCELLED
    return outcome


def _judged(body: Callable[[], object], owner_pid: int, masker: Masker) -> Outcome:
    try:
        result = body()
    except BaseException as error:  # noqa: BLE001  task code may raise anything
        _print_traceback(error)
        if os.getpid() != owner_pid:
            _end_forked(error)
        return _of_exception(error, masker)
    if os.getpid() != owner_pid:
        _end_forked(None)
    return _of_result(result, masker)


def _of_result(result: object, masker: Masker) -> Outcome:
    try:
        return Outcome(RunState.SUCCEEDED, Reason.COMPLETED, result=as_json(result, masker))
    except BadResultError as error:
        return Outcome(RunState.FAILED, Reason.BAD_RESULT, str(error))


def _of_exception(error: BaseException, masker: Masker) -> Outcome:
    if isinstance(error, BodyCancelled | KeyboardInterrupt):
        return _CANCELLED
    if isinstance(error, SystemExit):
        return Outcome(RunState.FAILED, Reason.EXITED, f"the body called sys.exit({error.code!r}); a task must return")
    return Outcome(RunState.FAILED, Reason.RAISED, one_line(error, masker), _result_of(error, masker))


def _result_of(error: BaseException, masker: Masker) -> Any:
    """What a body that failed wants kept; None where that is no result, so that why it failed is not hidden."""
    if not isinstance(error, TaskFailedError):
        return None
    try:
        return as_json(error.result, masker)
    except BadResultError:
        return None


def _print_traceback(error: BaseException) -> None:
    """Into the captured output, from the body's first line on."""
    if isinstance(error, SystemExit | BodyCancelled | asyncio.CancelledError):
        return
    place = error.__traceback__
    while place is not None and place.tb_frame.f_code.co_filename.startswith(_MACHINERY):
        place = place.tb_next
    traceback.print_exception(type(error), error, place or error.__traceback__)


def _end_forked(error: BaseException | None) -> NoReturn:
    """A child that the body forked came back as if it were the body: it must not report a second time."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    code = error.code if isinstance(error, SystemExit) else error and 1
    os._exit(code if isinstance(code, int) else int(code is not None))
