"""`kubectl scheduledtask suspend` and `resume`."""

import json

import click

from scheduledtask_operator.plugin.finding import find_task
from scheduledtask_operator.plugin.kubectl import TASKS, Kubectl
from scheduledtask_operator.plugin.options import cluster_options, complete_names


@click.command("suspend")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete_names)
@cluster_options
def command(kubectl: Kubectl, names: tuple[str, ...]) -> None:
    """Let no slot and no trigger start. Runs at work go on, and runs that are asked for start."""
    _set(kubectl, names, suspended=True)


@click.command("resume")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete_names)
@cluster_options
def resume_command(kubectl: Kubectl, names: tuple[str, ...]) -> None:
    """Let slots start again. Those that were missed meanwhile are not caught up."""
    _set(kubectl, names, suspended=False)


def _set(kubectl: Kubectl, names: tuple[str, ...], *, suspended: bool) -> None:
    """All names are looked up first, so that a wrong one changes nothing."""
    tasks = [find_task(kubectl, name) for name in names]
    for task in tasks:
        name, word = task["metadata"]["name"], "suspended" if suspended else "resumed"
        if bool(task["spec"].get("suspend")) is suspended:
            click.echo(f"{name} was {'suspended' if suspended else 'not suspended'} already")
            continue
        patch = json.dumps({"spec": {"suspend": suspended}})
        kubectl.run("patch", TASKS, name, "--type=merge", f"--patch={patch}")
        click.echo(f"{name} {word}")
