"""`scheduledtask explain`: which class each task gets, with every criterion that was asked."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from scheduledtask_operator.cli.manifest_options import assess_or_explain, files_option, output_option, recursive_option
from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.decisions.classification import Classification, Criterion
from scheduledtask_operator.local.assessment import AssessedResource
from scheduledtask_workloads.contract import TaskClass

_COLOURS = {TaskClass.LIGHT: "green", TaskClass.HEAVY: "magenta"}


@click.command("explain")
@files_option
@recursive_option
@output_option("text", "json")
def command(paths: tuple[Path, ...], recursive: bool, output: str) -> None:
    """Say which class each task gets, and by which criteria."""
    assessment = assess_or_explain(paths, recursive=recursive)
    if assessment.problems:
        raise CommandProblem(assessment.problems)
    if output == "json":
        click.echo(json.dumps([_as_json(each) for each in assessment.resources], indent=2))
        return
    console = Console()
    for each in assessment.resources:
        console.print(_explanation(each), soft_wrap=not console.is_terminal)


def _as_json(each: AssessedResource) -> dict[str, object]:
    classification = each.accepted.classification
    return {
        "namespace": each.resource.task.metadata.namespace,
        "name": each.resource.task.metadata.name,
        "class": classification.task_class,
        "reason": classification.reason,
        "criteria": [asdict(criterion) for criterion in classification.criteria],
    }


def _explanation(each: AssessedResource) -> RenderableType:
    classification = each.accepted.classification
    colour = _COLOURS[classification.task_class]
    head = Text.from_markup(
        f"[bold]{escape(str(each.resource.task.key))}[/] is [{colour} bold]{classification.task_class}[/]: "
        f"{escape(classification.reason)}"
    )
    return Group(head, _criteria(classification), Text())


def _criteria(classification: Classification) -> Table:
    table = Table("", "CRITERION", "FOUND", "LIGHT ASKS FOR", box=None, padding=(0, 2, 0, 0))
    for criterion in classification.criteria:
        table.add_row(_mark(criterion), criterion.name, escape(criterion.found), escape(criterion.limit))
    return table


def _mark(criterion: Criterion) -> str:
    return "[green]✓[/]" if criterion.holds else "[red]✗[/]"
