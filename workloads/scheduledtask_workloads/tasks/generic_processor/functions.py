"""A task of the catalog as an item. Nothing is imported that the catalog does not name."""

import difflib
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from scheduledtask_workloads.catalog import Catalog, RunContext
from scheduledtask_workloads.contract import AttemptRef, AttemptReport, RunOrder, RunState, TaskClass
from scheduledtask_workloads.tasks.generic_processor.commands import how_it_ended, run_process
from scheduledtask_workloads.tasks.generic_processor.errors import FunctionError
from scheduledtask_workloads.tasks.generic_processor.settings import Function, Item, Retry
from scheduledtask_workloads.tasks.generic_processor.tries import TAIL_BYTES, State, Tail, Try

LOADING_SECONDS = 60.0  # of the task code, which its time limit does not count
_JOURNAL = "SCHEDULEDTASK_BODY_JOURNAL"
_STATES = {RunState.SUCCEEDED: State.SUCCEEDED, RunState.TIMED_OUT: State.TIMED_OUT}


def task_names(items: Iterable[Item], catalog: Catalog) -> dict[str, str]:
    """For each item with a function the task's name. Raises FunctionError."""
    by_path = {f"{task.function.__module__}:{task.function.__qualname__}": name for name, task in catalog.tasks.items()}
    known = {**by_path, **{name: name for name in catalog.tasks}, **_where_imported(catalog)}
    found = {}
    for item in items:
        if item.function is not None:
            if item.function.name not in known:
                raise FunctionError(_unknown(item, item.function, sorted(known)))
            found[item.name] = known[item.function.name]
            _check(item, item.function, found[item.name], catalog)
    return found


async def call_function(
    item: Item, task: str, folder: str, context: RunContext, retry: Retry, timeout_seconds: float
) -> Try:
    """In an interpreter of its own. Raises nothing but CancelledError, when the process is gone."""
    place, tail = Path(folder), Tail()
    order = _order(item, task, context, timeout_seconds)
    (place / "order.json").write_text(order.model_dump_json(), encoding="utf-8")
    (place / "output").touch()
    words = [sys.executable, "-P", "-m", "scheduledtask_workloads.execution", folder, str(os.getpid())]
    environment = {_JOURNAL: "", **item.environment}  # it is no run of its own
    try:
        exit_code = await run_process(words, folder, environment, tail, timeout_seconds + LOADING_SECONDS)
    except TimeoutError:
        return Try(
            State.TIMED_OUT, f"not done within {timeout_seconds:g} s", output=_output(place), again=retry.timeouts
        )
    except OSError as error:
        return Try(State.FAILED, f"cannot be started: {error}")
    return _judged(place, exit_code, tail.text(), retry)


def _order(item: Item, task: str, context: RunContext, timeout_seconds: float) -> RunOrder:
    run_id = f"{context.run_id}.{item.name}"
    ref = AttemptRef(namespace=context.namespace, name=context.name, run_id=run_id, attempt=context.attempt, fence=0)
    return RunOrder(
        ref=ref,
        task_class=TaskClass.HEAVY,
        task=task,
        arguments=item.function.arguments if item.function else {},
        slot_epoch_seconds=None if context.slot is None else int(context.slot.timestamp()),
        timeout_seconds=timeout_seconds,
        artifacts_url=context.artifacts_url,
        triggered_by=context.triggered_by,
    )


def _judged(place: Path, exit_code: int, said: str, retry: Retry) -> Try:
    report = _report(place)
    if report is None:
        message = f"it ended without a report: {how_it_ended(exit_code)}"
        return Try(State.FAILED, message, exit_code=exit_code, output=_output(place) or said, again=retry.errors)
    state = _STATES.get(report.state, State.FAILED)
    again = state is State.FAILED and retry.errors
    return Try(state, report.message, output=report.output[-TAIL_BYTES:], result=report.result, again=again)


def _report(place: Path) -> AttemptReport | None:
    with suppress(FileNotFoundError, ValidationError):
        return AttemptReport.model_validate_json((place / "report.json").read_bytes())
    return None


def _output(place: Path) -> str:
    tail = Tail()
    with suppress(OSError):
        tail.add((place / "output").read_bytes())
    return tail.text()


def _where_imported(catalog: Catalog) -> dict[str, str]:
    """A package that offers a function of one of its modules is another name for it."""
    return {
        f"{package}:{task.function.__qualname__}": name
        for name, task in catalog.tasks.items()
        for package in [task.function.__module__.rpartition(".")[0]]
        if package
    }


def _unknown(item: Item, function: Function, known: list[str]) -> str:
    close = difflib.get_close_matches(function.name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "scheduledtask tasks lists what it has"
    return f"item {item.name!r}: function {function.name!r} is none of the catalog's; {hint}"


def _check(item: Item, function: Function, task: str, catalog: Catalog) -> None:
    problems = catalog.validate(task, function.arguments)
    if problems:
        said = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
        raise FunctionError(f"item {item.name!r}: function {function.name!r}: {said}")
