"""The life of a pool's process: it loads the catalog, waits, and performs one attempt.

Each attempt has a process of its own, so that memory, threads and module state of one never reach the next.
"""

import os
from pathlib import Path

from scheduledtask_workloads.catalog import Catalog, load_catalog
from scheduledtask_workloads.contract import RunOrder
from scheduledtask_workloads.execution import adopt_orphans, die_with_parent, execute

_loaded: list[Catalog] = []


def prepare(host_pid: int) -> None:
    """Right after the fork, before an attempt is known: task code is imported while the process waits."""
    die_with_parent(host_pid)
    os.setsid()
    adopt_orphans()
    _loaded.append(load_catalog())


def perform(order_json: str, output: str) -> str:
    """An AttemptReport as JSON; what crosses to and from the process is text alone."""
    order = RunOrder.model_validate_json(order_json)
    return execute(order, output=Path(output), catalog=_loaded[0]).model_dump_json()
