"""One attempt in this process, from the order to the report."""

import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduledtask_workloads.catalog import (
    BadArgumentsError,
    Catalog,
    CatalogError,
    RunContext,
    UnknownTaskError,
    load_catalog,
)
from scheduledtask_workloads.contract import AttemptReport, Reason, RunOrder, RunState
from scheduledtask_workloads.execution.body import Outcome, call, run_body
from scheduledtask_workloads.execution.capture import captured, read_tail
from scheduledtask_workloads.execution.journal import write_line
from scheduledtask_workloads.execution.logs import logging_to_output
from scheduledtask_workloads.execution.masking import NO_MASKER, Masker
from scheduledtask_workloads.execution.memory import forget_peak, own_peak_bytes
from scheduledtask_workloads.execution.results import one_line
from scheduledtask_workloads.execution.secrets import (
    SecretMissingError,
    drop_variables,
    masker_of,
    resolved_arguments,
)
from scheduledtask_workloads.execution.surroundings import surroundings_kept

_REASONS: dict[type[CatalogError | SecretMissingError], Reason] = {
    SecretMissingError: Reason.BAD_ARGUMENTS,
    BadArgumentsError: Reason.BAD_ARGUMENTS,
    UnknownTaskError: Reason.UNKNOWN_TASK,
}


def run_context(order: RunOrder, masker: Masker = NO_MASKER, *, now: float) -> RunContext:
    """What the body may know, when it begins at `now` (Unix seconds)."""
    slot = order.slot_epoch_seconds
    return RunContext(
        namespace=order.ref.namespace,
        name=order.ref.name,
        run_id=order.ref.run_id,
        attempt=order.ref.attempt,
        slot=None if slot is None else datetime.fromtimestamp(slot, UTC),
        deadline=datetime.fromtimestamp(now, UTC) + timedelta(seconds=order.timeout_seconds),
        logger=logging.getLogger(order.task),
        artifacts_url=order.artifacts_url,
        triggered_by=order.triggered_by,
        masked=masker.value,
    )


def execute(
    order: RunOrder,
    *,
    output: Path,
    on_started: Callable[[float], None] | None = None,
    catalog: Catalog | None = None,
) -> AttemptReport:
    """Run the body in this process, a child of its host, and say how it ended. Never raises.

    Everything the body and its children print is appended to the file `output`. `on_started` is called with the Unix
    time right before the body's first line, and not at all when the body never begins. `catalog`: the one that the
    host has loaded before it forked; None loads it now. Time and memory limits are the host's to enforce; SIGTERM asks
    the body to stop. `peak_memory_bytes` is this process's own: the host adds what it saw of the tree.
    """
    forget_peak()
    attempt = _Attempt(order, on_started)
    try:
        with surroundings_kept(), captured(output), logging_to_output(order.ref.attempt_id):
            outcome = attempt.perform(catalog)
    except Exception as error:  # noqa: BLE001  a full disk, an argument's own validator: the host must hear of it
        message = f"the body could not be run: {one_line(error, attempt.masker)}"
        outcome = Outcome(RunState.FAILED, Reason.RAISED, message)
    return attempt.report(outcome, output)


def perform_here(order: RunOrder, catalog: Catalog) -> object:
    """The bare body, for a debugger: nothing is captured or caught. Raises what the body raises, CatalogError and
    SecretMissingError.
    """
    task = catalog.get(order.task)
    arguments, masker = resolved_arguments(order), masker_of(order)
    drop_variables(order)
    return call(task, task.keywords(arguments, run_context(order, masker, now=time.time())))


class _Attempt:
    def __init__(self, order: RunOrder, on_started: Callable[[float], None] | None) -> None:
        self._order = order
        self._on_started = on_started
        self.masker = masker_of(order)
        self._started_at: float | None = None
        self._ended_at: float | None = None

    def perform(self, catalog: Catalog | None) -> Outcome:
        context = run_context(self._order, self.masker, now=time.time())
        try:
            arguments = resolved_arguments(self._order)
            drop_variables(self._order)
            task = (catalog or load_catalog()).get(self._order.task)
            keywords = task.keywords(arguments, context)
        except (CatalogError, SecretMissingError) as error:
            return Outcome(RunState.FAILED, _REASONS[type(error)], str(error))
        self._begin()
        outcome = run_body(task, keywords, context, self.masker)
        self._end(outcome)
        if outcome.state is RunState.SUCCEEDED:
            with suppress(CatalogError):
                context.drop_checkpoints()
        return outcome

    def _begin(self) -> None:
        self._started_at = time.time()
        write_line("begin", self._order, at=self._started_at, state=RunState.STARTED)
        if self._on_started:
            self._on_started(self._started_at)

    def _end(self, outcome: Outcome) -> None:
        self._ended_at = time.time()
        write_line("end", self._order, at=self._ended_at, state=outcome.state)

    def report(self, outcome: Outcome, output: Path) -> AttemptReport:
        tail = read_tail(output, masker=self.masker)
        return AttemptReport(
            ref=self._order.ref,
            state=outcome.state,
            reason=outcome.reason,
            message=self.masker.text(outcome.message),
            result=self.masker.value(outcome.result),
            output=tail.text,
            output_dropped_bytes=tail.dropped_bytes,
            started_at=self._started_at,
            ended_at=self._ended_at or time.time(),
            peak_memory_bytes=own_peak_bytes(),
            host=socket.gethostname(),
        )
