"""`kubectl scheduledtask history`: what the status and the ScheduledTaskRuns tell of a task's runs."""

from dataclasses import asdict
from datetime import UTC, datetime

import click

from scheduledtask_operator.plugin.finding import find_task
from scheduledtask_operator.plugin.kubectl import RUNS, Kubectl
from scheduledtask_operator.plugin.options import cluster_options, name_argument, output_option
from scheduledtask_operator.plugin.output import print_document, print_table
from scheduledtask_operator.plugin.run_view import HEADING, WIDE_HEADING, RunLine, of_task, row, run_lines
from scheduledtask_operator.plugin.times import written


@click.command("history")
@name_argument
@cluster_options
@output_option("wide", "json", "yaml", "name")
def command(kubectl: Kubectl, name: str, output: str | None) -> None:
    """List the runs of a task: those at work, and those that ended last.

    As many are kept as successfulRunsHistoryLimit and failedRunsHistoryLimit say.
    """
    task = find_task(kubectl, name)
    here = kubectl.within(task["metadata"]["namespace"])
    lines = run_lines(task, of_task(here.items(RUNS), task["metadata"]["name"]))
    if output == "name":
        click.echo("".join(f"{line.run}\n" for line in lines if line.run), nl=False)
    elif output in ("json", "yaml"):
        print_document([_document(line) for line in lines], output)
    elif not lines:
        click.echo(f"no run of {task['metadata']['name']} is known yet", err=True)
    else:
        wide, now = output == "wide", datetime.now(UTC)
        print_table([*HEADING, *(WIDE_HEADING if wide else [])], (row(line, now, wide=wide) for line in lines))


def _document(line: RunLine) -> dict[str, object]:
    known = asdict(line)
    for each in ("start_time", "end_time"):
        known[each] = written(known[each]) if known[each] else None
    return {_camel(key): value for key, value in known.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)
