"""`kubectl scheduledtask logs`: the end of what a run printed, on either engine, also after its pod is gone."""

import time

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.plugin.finding import find_task
from scheduledtask_operator.plugin.kubectl import RUNS, Kubectl, Object
from scheduledtask_operator.plugin.options import cluster_options, name_argument, operator_options
from scheduledtask_operator.plugin.read_api import ReadApiProblem, RunOutput, forwarded, read_output
from scheduledtask_operator.plugin.run_view import RunLine, of_task, run_lines
from scheduledtask_operator.plugin.tokens import token

_LOOK_EACH_SECONDS = 2.0
_NOT_KEPT = 404


@click.command("logs")
@name_argument
@click.argument("run", metavar="[RUN]", default="")
@cluster_options
@operator_options
@click.option("-f", "--follow", is_flag=True, help="Wait for the end of the run, telling how it goes.")
@click.option("--as-service-account", default="", help="Show a short token of it, where you have none of your own.")
@click.option("--read-api", "url", default="", help="Where the read API is reached, if not by a port-forward.")
def command(
    kubectl: Kubectl,
    name: str,
    run: str,
    follow: bool,
    operator_namespace: str,
    lease_name: str,
    as_service_account: str,
    url: str,
) -> None:
    """Show the end of what a run of NAME printed: of RUN, its id or its ScheduledTaskRun, or of the latest.

    A run's output is told when its attempt has ended: 64 KiB of it, and 4 KiB after the operator's leader has changed.
    """
    task = find_task(kubectl, name)
    metadata = task["metadata"]
    here = kubectl.within(metadata["namespace"])
    line = chosen(_lines(here, task), run, metadata["name"])
    if line is not None and not line.ended and follow:
        line = _follow(here, metadata["name"], line)
    run_id = line.run if line else run
    shown = token(here, as_service_account)
    try:
        if url:
            told = read_output(url, shown, metadata["namespace"], metadata["name"], run_id)
        else:
            with forwarded(kubectl, operator_namespace, lease_name) as place:
                told = read_output(place, shown, metadata["namespace"], metadata["name"], run_id)
    except ReadApiProblem as problem:
        raise _going(problem, line) from None
    _print(told, line)


def chosen(lines: list[RunLine], run: str, task: str) -> RunLine | None:
    """The latest where none is named; None of one that the status no longer shows: its output may still be kept."""
    if run:
        return next((line for line in lines if run in (line.run, line.asked_as)), None)
    started = [line for line in lines if line.run]
    if not started:
        raise CommandProblem(f"no run of {task} is known yet")
    return started[0]


def _going(problem: ReadApiProblem, line: RunLine | None) -> ReadApiProblem:
    """Nothing is kept of a run that has not ended, which is no fault."""
    if problem.status != _NOT_KEPT or line is None or line.ended:
        return problem
    said = f"run {line.run} has not ended ({line.state}), and tells what it printed at its end"
    return ReadApiProblem(f"{said}; wait for it with -f")


def _print(told: RunOutput, line: RunLine | None) -> None:
    if line is not None and not line.ended:
        click.echo(f"run {told.run} goes on; this is of attempt {told.attempt}", err=True)
    if not told.text:
        click.echo(f"run {told.run} printed nothing", err=True)
    click.echo(told.text, nl=bool(told.text) and not told.text.endswith("\n"))


def _follow(kubectl: Kubectl, name: str, line: RunLine) -> RunLine:
    """Until the run has ended; each change of state once, on standard error."""
    said = ""
    while True:
        now = next((each for each in _lines(kubectl, find_task(kubectl, name)) if each.run == line.run), None)
        if now is None:
            raise CommandProblem(f"run {line.run} is no longer known to the status of {name}")
        if now.ended:
            return now
        words = f"{now.state}, attempt {now.attempts}{f' on {now.host}' if now.host else ''}"
        if words != said:
            click.echo(f"run {line.run}: {words}", err=True)
            said = words
        time.sleep(_LOOK_EACH_SECONDS)


def _lines(kubectl: Kubectl, task: Object) -> list[RunLine]:
    return run_lines(task, of_task(kubectl.items(RUNS), task["metadata"]["name"]))
