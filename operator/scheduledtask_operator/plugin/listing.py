"""`kubectl scheduledtask list`: those in trouble first."""

from datetime import UTC, datetime

import click

from scheduledtask_operator.plugin.kubectl import TASKS, Kubectl
from scheduledtask_operator.plugin.options import all_namespaces_option, cluster_options, listing_options, output_option
from scheduledtask_operator.plugin.output import print_objects, print_table
from scheduledtask_operator.plugin.task_view import HEADING, WIDE_HEADING, by_state, row, state_of


@click.command("list")
@cluster_options
@all_namespaces_option
@click.option("-l", "--selector", default="", help="By their labels.")
@click.option("--state", default="", help="Those alone whose STATE is this, such as RunsFailing.")
@output_option("wide", "json", "yaml", "name")
def command(kubectl: Kubectl, all_namespaces: bool, selector: str, state: str, output: str | None) -> None:
    """List ScheduledTasks, those in trouble first."""
    options = listing_options(kubectl, all_namespaces=all_namespaces, selector=selector)
    tasks = [task for task in by_state(kubectl.items(TASKS, *options)) if not state or state_of(task) == state]
    if output and output != "wide":
        print_objects(tasks, output)
        return
    if not tasks:
        click.echo(f"no ScheduledTasks{f' in namespace {kubectl.namespace}' if kubectl.namespace else ''}", err=True)
        return
    wide, now = output == "wide", datetime.now(UTC)
    heading = [*(["NAMESPACE"] if all_namespaces else []), *HEADING, *(WIDE_HEADING if wide else [])]
    print_table(heading, (row(task, now, wide=wide, with_namespace=all_namespaces) for task in tasks))
