"""`scheduledtask validate`: what CI should ask of manifests before anybody applies them."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from scheduledtask_operator.api import ParsedRun
from scheduledtask_operator.cli.manifest_options import assess_or_explain, files_option, output_option, recursive_option
from scheduledtask_operator.cli.problems import EXIT_USAGE, CommandProblem
from scheduledtask_operator.local.assessment import AssessedResource, Assessment


@click.command("validate")
@files_option
@recursive_option
@output_option("text", "json")
def command(paths: tuple[Path, ...], recursive: bool, output: str) -> None:
    """Check manifests: the resource, its schedule, its task, the arguments, the class.

    Exit code 0 when everything is good; else 2, with one line for each problem.
    """
    assessment = assess_or_explain(paths, recursive=recursive)
    if output == "json":
        click.echo(json.dumps(_as_json(assessment)))
        if assessment.problems:
            sys.exit(EXIT_USAGE)
        return
    for notice in assessment.notices:
        click.echo(f"{click.style('note:', fg='yellow')} {notice}", err=True)
    if assessment.problems:
        raise CommandProblem(assessment.problems)
    console = Console()
    if assessment.resources:
        console.print(_table(assessment.resources))
    if assessment.runs:
        console.print(_runs_table(assessment.runs))


def _as_json(assessment: Assessment) -> dict[str, object]:
    tasks = [
        {
            "namespace": each.resource.task.metadata.namespace,
            "name": each.resource.task.metadata.name,
            "source": f"{each.resource.source}:{each.resource.line}",
            "class": each.accepted.classification.task_class,
        }
        for each in assessment.resources
    ]
    runs = [
        {
            "namespace": each.run.metadata.namespace,
            "name": each.run.metadata.name,
            "source": f"{each.source}:{each.line}",
            "scheduledTask": each.run.spec.scheduled_task,
        }
        for each in assessment.runs
    ]
    return {"valid": not assessment.problems, "tasks": tasks, "runs": runs, "problems": list(assessment.problems)}


def _table(resources: tuple[AssessedResource, ...]) -> Table:
    table = Table("TASK", "CLASS", "SCHEDULE", "SOURCE", box=None, pad_edge=False)
    for each in resources:
        task = each.resource.task
        schedule = task.spec.schedule or "on demand"
        source = f"{each.resource.source}:{each.resource.line}"
        table.add_row(str(task.key), each.accepted.classification.task_class, schedule, source)
    return table


def _runs_table(runs: tuple[ParsedRun, ...]) -> Table:
    table = Table("RUN", "OF TASK", "SOURCE", box=None, pad_edge=False)
    for each in runs:
        metadata = each.run.metadata
        table.add_row(f"{metadata.namespace}/{metadata.name}", str(each.run.task), f"{each.source}:{each.line}")
    return table
