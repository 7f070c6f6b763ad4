"""An inventory as Markdown."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from scheduledtask_operator.manifests.inventory_document import (
    FoundCriterion,
    Frequency,
    Inventory,
    InventoryTask,
    LightSaving,
    ObservedRuns,
)
from scheduledtask_workloads.contract.quantity import format_duration, format_memory

MEGABYTE = 1000**2
Number = TypeVar("Number", int, float)
_UNKNOWN = "-"
_PEAK_MEMORY = """\
Peak memory is the resident memory of a run's process and all below it, as limits count it: interpreter and catalog are
in it, and so are pages that it shares with the process it was forked from.
"""
_HOW_MEMORY_WAS_MEASURED = """\
How it was measured: proportional set size, which counts a page that processes share once in all, of each program with
all its children, from `/proc`. Of scheduler and runners it is the most that was seen in one second while the tasks ran,
their bodies included; the scheduler is counted whole, although it sends the heavy tasks too. Of the workers it is the
mean of {workers} real ones that had started, served no task yet, and waited for messages side by side, each with the
process that waits for the next body: the program that pools of heavy tasks run (`scheduledtask worker`). What a body
takes while it runs comes on top of that, and is not counted for them. Pods on nodes of their own share no page with
each other, and take more.
"""


def inventory_page(inventory: Inventory) -> str:
    """The whole document."""
    parts = [_head(inventory), _overview(inventory), _criteria(inventory.tasks), _saving(inventory.light_saving)]
    return "\n".join(part for part in parts if part)


def _head(inventory: Inventory) -> str:
    observed = inventory.observed_by or "nothing was observed, so these are the values that tasks declare"
    return f"""\
# Inventory of tasks

Made by `scheduledtask inventory` at {inventory.made_at:%Y-%m-%d %H:%M} UTC; {observed}.
"""


def _overview(inventory: Inventory) -> str:
    headings = ["task", "class", "why", "how often", "declared: runtime, memory, at once", "runs in"]
    if inventory.observed_by:
        headings.insert(5, "observed: runs, runtime p95 and longest, peak memory, at once")
    rows = (_overview_row(task, with_observed=bool(inventory.observed_by)) for task in inventory.tasks)
    remark = f"\n{_PEAK_MEMORY}" if inventory.observed_by else ""
    return f"## Classes, figures, places\n{_table(headings, rows)}{remark}"


def _overview_row(task: InventoryTask, *, with_observed: bool) -> list[str]:
    declared = task.declared
    figures = (
        _or_unknown(declared.duration_seconds, format_duration),
        _or_unknown(declared.memory_bytes, format_memory),
        _or_unknown(declared.concurrency, str),
    )
    observed = [_observed(task.observed)] if with_observed else []
    how_often = _how_often(task.frequency)
    return [_name(task), task.task_class, task.reason, how_often, ", ".join(figures), *observed, task.runs_in]


def _name(task: InventoryTask) -> str:
    name = task.name if task.namespace == "default" else f"{task.namespace}/{task.name}"
    return f"**{name}**" if task.name == task.task else f"**{name}** ({task.task})"


def _how_often(frequency: Frequency) -> str:
    ways = []
    if frequency.schedule is not None:
        zone = "" if frequency.time_zone == "UTC" else f" {frequency.time_zone}"
        ways.append(f"`{frequency.schedule}`{zone}, {frequency.runs_a_day} a day")
    ways += [f"after {trigger}" for trigger in frequency.after]
    words = "; ".join(ways) or "on demand"
    return f"{words}; suspended" if frequency.suspended else words


def _observed(observed: ObservedRuns | None) -> str:
    if observed is None or observed.runs == 0:
        return "no run"
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in observed.outcomes.items())
    longest = f" and {format_duration(observed.longest_seconds)}" if observed.longest_seconds is not None else ""
    return ", ".join(
        [
            f"{observed.runs} ({outcomes})" if outcomes else str(observed.runs),
            _or_unknown(observed.duration_p95_seconds, format_duration) + longest,
            _or_unknown(observed.peak_memory_bytes, format_memory),
            _or_unknown(observed.at_once, str),
        ]
    )


def _criteria(tasks: Sequence[InventoryTask]) -> str:
    if not tasks:
        return ""
    asked = ["light asks for", *(criterion.limit for criterion in tasks[0].criteria)]
    rows = [asked, *([_name(task), *map(_answer, task.criteria)] for task in tasks)]
    headings = ["", *(criterion.name for criterion in tasks[0].criteria)]
    return f"## Every criterion\nLight needs all of them; one ✗ is enough for heavy.\n{_table(headings, rows)}"


def _answer(criterion: FoundCriterion) -> str:
    return f"✓ {criterion.found}" if criterion.holds else f"**✗ {criterion.found}**"


def _saving(saving: LightSaving | None) -> str:
    if saving is None:
        return ""
    headings = ["", "memory"]
    return "\n".join(
        [
            "## What the light class saves",
            _table(headings, _saving_rows(saving)),
            _saving_in_words(saving),
            _HOW_MEMORY_WAS_MEASURED.format(workers=saving.workers_measured),
        ]
    )


def _saving_rows(saving: LightSaving) -> Iterator[list[str]]:
    tasks, processes = saving.light_tasks, saving.runner_processes
    yield ["scheduler", _megabytes(saving.scheduler_bytes)]
    yield [f"runners, {processes} of them, with the process that bears them", _megabytes(saving.runners_bytes)]
    yield [f"together, for all {tasks} light tasks", _megabytes(saving.shared_bytes)]
    worker = _megabytes(saving.idle_worker_bytes)
    yield [f"an idle Celery worker each instead, {tasks} x {worker}", _megabytes(saving.workers_bytes)]
    yield ["**saved**", f"**{_megabytes(saving.saved_bytes)}**"]


def _saving_in_words(saving: LightSaving) -> str:
    worker = _megabytes(saving.idle_worker_bytes)
    enough = saving.shared_bytes // saving.idle_worker_bytes + 1
    first = f"From {enough} light tasks on there is something to save" if saving.saved_bytes <= 0 else "Saved at once"
    return f"{first}; each further light task saves {worker} more, since it starts no process.\n"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / MEGABYTE:,.0f} MB"


def _or_unknown(value: Number | None, written: Callable[[Number], str]) -> str:
    return _UNKNOWN if value is None else written(value)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_line(headings), _line(["---"] * len(headings)), *map(_line, rows)]
    return "".join(f"{line}\n" for line in lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
