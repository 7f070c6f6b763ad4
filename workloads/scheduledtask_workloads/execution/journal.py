"""The body journal: one line when a body begins and one when it ends, from which others count what really ran."""

import json
import os

from scheduledtask_workloads.contract import RunOrder, RunState

JOURNAL_VARIABLE = "SCHEDULEDTASK_BODY_JOURNAL"


def write_line(event: str, order: RunOrder, *, at: float, state: RunState) -> None:
    """Append one line in one write, if the environment names a journal. `at` is in Unix seconds."""
    path = os.environ.get(JOURNAL_VARIABLE)
    if not path:
        return
    ref = order.ref
    line = {
        "event": event,
        "namespace": ref.namespace,
        "name": ref.name,
        "run_id": ref.run_id,
        "attempt": ref.attempt,
        "slot": order.slot_epoch_seconds,
        "pid": os.getpid(),
        "at": at,
        "state": state,
    }
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, json.dumps(line).encode() + b"\n")
    finally:
        os.close(file)
