"""`kubectl scheduledtask explain`: where a task runs and why, when next, and why not now."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from scheduledtask_operator.plugin.facts import Facts, gather
from scheduledtask_operator.plugin.finding import find_task
from scheduledtask_operator.plugin.kubectl import Kubectl, Object
from scheduledtask_operator.plugin.obstacles import Obstacle, obstacles
from scheduledtask_operator.plugin.options import cluster_options, name_argument, operator_options, output_option
from scheduledtask_operator.plugin.output import Cell, print_document, print_facts, print_table
from scheduledtask_operator.plugin.slots import coming_slots
from scheduledtask_operator.plugin.task_view import schedule_of, state_of
from scheduledtask_operator.plugin.times import ago, written

_SLOTS = 5


@click.command("explain")
@name_argument
@cluster_options
@operator_options
@output_option("json", "yaml")
def command(kubectl: Kubectl, name: str, operator_namespace: str, lease_name: str, output: str | None) -> None:
    """Say why a task runs where it does, when it does next, and why it is not running now."""
    task = find_task(kubectl, name)
    facts = gather(kubectl, task, operator_namespace=operator_namespace, lease_name=lease_name)
    now = datetime.now(UTC)
    found, slots = obstacles(facts, now), list(coming_slots(task, now, _SLOTS))
    if output:
        print_document(_document(task, found, slots), output)
        return
    _print_class(task)
    _print_facts(task)
    _print_slots(slots, now)
    _print_unknown(facts)
    click.echo(click.style("\nWHY IT IS NOT RUNNING NOW" if not _runs(found) else "\nNOW", bold=True))
    for each in found:
        _print_obstacle(each)


def _document(task: Object, found: list[Obstacle], slots: list[datetime]) -> dict[str, Any]:
    status, metadata = task.get("status") or {}, task["metadata"]
    names = ("state", "class", "classReason", "classReasons", "worker", "observed")
    known = {name: status[name] for name in names if name in status}
    place = {"namespace": metadata["namespace"], "name": metadata["name"]}
    return {**place, **known, "nextSlots": [written(slot) for slot in slots], "why": [asdict(each) for each in found]}


def _print_class(task: Object) -> None:
    status, metadata = task.get("status") or {}, task["metadata"]
    head = f"{metadata['namespace']}/{metadata['name']}"
    task_class = str(status.get("class") or "of no class yet")
    click.echo(
        f"{click.style(head, bold=True)} is {click.style(task_class, bold=True)}: {status.get('classReason', '-')}"
    )
    reasons = status.get("classReasons") or ()
    if reasons:
        click.echo()
        heading = ("", "CRITERION", "FOUND", "LIGHT ASKS FOR")
        print_table(heading, ((_mark(each), each["name"], each["found"], each["limit"]) for each in reasons))


def _mark(reason: dict[str, Any]) -> Cell:
    return Cell("✓", "green") if reason.get("holds") else Cell("✗", "red")


def _print_facts(task: Object) -> None:
    status = task.get("status") or {}
    worker, observed = status.get("worker") or {}, status.get("observed") or {}
    known = [("Task", str(task["spec"].get("task"))), ("Schedule", schedule_of(task)), ("State", state_of(task))]
    click.echo()
    print_facts([*known, *(_worker_facts(worker) if worker else ()), *(_observed_facts(observed) if observed else ())])


def _worker_facts(worker: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Workers", f"pool {worker.get('pool')}: {worker.get('ready', 0)} of {worker.get('desired', 0)} ready"),
        ("Scale", str(worker.get("scaleReason") or "-")),
        ("Memory", f"{worker.get('memoryRequest', '-')} asked for, {worker.get('memoryLimit', '-')} at most"),
        ("CPU", f"{worker.get('cpuRequest', '-')} asked for"),
        *(("Why so", str(reason)) for reason in worker.get("reasons") or ()),
    ]


def _observed_facts(observed: dict[str, Any]) -> list[tuple[str, str]]:
    figures = f"{observed.get('duration', '-')} (p95), {observed.get('memory', '-')} at most"
    return [("Observed", f"{observed.get('runs', 0)} runs: {figures}")]


def _print_slots(slots: list[datetime], now: datetime) -> None:
    if slots:
        click.echo("\nNEXT SLOTS")
        for slot in slots:
            click.echo(f"  {written(slot)}  {ago(slot, now)}")


def _print_unknown(facts: Facts) -> None:
    """What could not be read is said, as what is not seen may be what is in the way."""
    kinds = {"the operator's Lease": facts.lease is None and not facts.lease_is_missing, "events": facts.events is None}
    if (facts.task.get("status") or {}).get("worker"):
        kinds["the workers' pods"] = facts.pods is None
    unknown = [name for name, is_unknown in kinds.items() if is_unknown]
    if unknown:
        click.echo(f"\nnote: you may not read {', '.join(unknown)}; what follows is told without", err=True)


def _runs(found: list[Obstacle]) -> bool:
    return any(each.reason == "Running" for each in found)


def _print_obstacle(each: Obstacle) -> None:
    mark = Cell("✗", "red") if each.blocks else Cell("·", "")
    click.echo(f"{click.style(mark.text, fg=mark.colour or None)} {click.style(each.reason, bold=True)}: {each.text}")
    if each.fix:
        click.echo(f"  → {each.fix}")
