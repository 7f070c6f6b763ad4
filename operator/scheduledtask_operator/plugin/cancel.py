"""`kubectl scheduledtask cancel`: a run that was asked for goes with its object, a run of a slot by an annotation."""

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.cli.suggestions import did_you_mean
from scheduledtask_operator.plugin.finding import find_task
from scheduledtask_operator.plugin.kubectl import RUNS, TASKS, Kubectl
from scheduledtask_operator.plugin.options import cluster_options, name_argument
from scheduledtask_operator.plugin.run_view import RunLine, of_task, run_lines

_ANNOTATION = "scheduledtask.dev/cancel"


@click.command("cancel")
@name_argument
@click.argument("run", metavar="[RUN]", default="")
@cluster_options
def command(kubectl: Kubectl, name: str, run: str) -> None:
    """Cancel a run of the ScheduledTask NAME that has not ended: RUN, or its only one.

    RUN is the run's id, or the name of the ScheduledTaskRun that asked for it.
    """
    task = find_task(kubectl, name)
    metadata = task["metadata"]
    here = kubectl.within(metadata["namespace"])
    lines = run_lines(task, of_task(here.items(RUNS), metadata["name"]))
    line = choose(lines, run, metadata["name"])
    if line.asked_as:
        here.run("delete", RUNS, line.asked_as, "--wait=false")
        click.echo(f"ScheduledTaskRun {line.asked_as} deleted, so its run ends within seconds")
    else:
        here.run("annotate", TASKS, metadata["name"], f"{_ANNOTATION}={line.run}", "--overwrite")
        click.echo(f"run {line.run} of {metadata['name']} is told to end")


def choose(lines: list[RunLine], run: str, task: str) -> RunLine:
    """The run to cancel; raises CommandProblem, with those that there are."""
    going = {line.run or line.asked_as: line for line in lines if not line.ended}
    if run:
        return _named(lines, going, run, task)
    if not going:
        raise CommandProblem(f"no run of {task} is under way, as far as its status tells")
    if len(going) > 1:
        raise CommandProblem(f"{len(going)} runs of {task} are under way; name one of {', '.join(going)}")
    return next(iter(going.values()))


def _named(lines: list[RunLine], going: dict[str, RunLine], run: str, task: str) -> RunLine:
    line = next((each for each in lines if run in (each.run, each.asked_as)), None)
    if line is None:
        raise CommandProblem(f"{run} is no run of {task} that is under way; {did_you_mean(run, going)}")
    if line.ended:
        raise CommandProblem(f"run {run} of {task} has ended already: {line.state}")
    return line
