"""One run of `data-processing` in this process, for tests."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import data_processing

SLOT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def perform(
    folder: Path,
    *,
    slot: datetime | None = SLOT,
    attempt: int = 1,
    arguments: dict[str, Any] | None = None,
    **more: Any,
) -> AttemptReport:
    """`folder` gets what the run prints and spills. `slot` is the run's, the argument `slot` goes in `arguments`."""
    order = order_for(
        "data-processing",
        {"scratch": str(folder / "scratch")} | (arguments or {}) | more,
        attempt=attempt,
        slot_epoch_seconds=int(slot.timestamp()) if slot else None,
    )
    return execute(order, output=folder / "output", catalog=catalog_of(data_processing))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
