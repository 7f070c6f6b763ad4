"""`kubectl scheduledtask run`: a ScheduledTaskRun, and its end."""

import json
import time
from typing import Any

import click

from scheduledtask_operator.cli.problems import EXIT_FAILED, CommandProblem
from scheduledtask_operator.plugin.finding import find_task
from scheduledtask_operator.plugin.kubectl import RUNS, Kubectl, Object
from scheduledtask_operator.plugin.options import cluster_options, name_argument, output_option
from scheduledtask_operator.plugin.output import print_objects
from scheduledtask_operator.plugin.refusals import KubectlRefusal, Refusal

_LOOK_EACH_SECONDS = 1.0
_NAME_LENGTH = 52  # a generated name has five characters more, and runs' names 63 at most


@click.command("run")
@name_argument
@cluster_options
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="An argument; may be given again.")
@click.option("--slot-time", default="", help="The time that the task is told it runs for (RFC 3339).")
@click.option("--run-name", default="", help="Of the ScheduledTaskRun; the same name asks for the same run once.")
@click.option("--wait", is_flag=True, help="Until it has ended; the exit code is 1 unless it succeeded.")
@click.option("--timeout", "timeout_seconds", type=float, default=None, metavar="SECONDS", help="Of --wait.")
@output_option("json", "yaml", "name")
def command(
    kubectl: Kubectl,
    name: str,
    assignments: tuple[str, ...],
    slot_time: str,
    run_name: str,
    wait: bool,
    timeout_seconds: float | None,
    output: str | None,
) -> None:
    """Ask for one run of the ScheduledTask NAME. Ctrl-C ends the waiting, not the run."""
    task = find_task(kubectl, name)
    here = kubectl.within(task["metadata"]["namespace"])
    manifest = request(task["metadata"]["name"], _arguments(assignments), slot_time, run_name)
    made: Object = json.loads(here.run("create", "--filename=-", "--output=json", stdin=json.dumps(manifest)))
    made_name = made["metadata"]["name"]
    if wait:
        click.echo(f"run {made_name} asked for; waiting", err=True)
        made = _wait(here, made_name, timeout_seconds)
    if output:
        print_objects([made], output, as_list=False)
    else:
        click.echo(told(made))
    if wait and (made.get("status") or {}).get("outcome") != "Succeeded":
        raise click.exceptions.Exit(EXIT_FAILED)


def request(task: str, arguments: dict[str, Any], slot_time: str, run_name: str) -> Object:
    """The manifest; a name is generated where none is given."""
    named = {"name": run_name} if run_name else {"generateName": f"{task[:_NAME_LENGTH].rstrip('-.')}-"}
    spec: Object = {"scheduledTask": task}
    spec |= {"arguments": arguments} if arguments else {}
    spec |= {"slotTime": slot_time} if slot_time else {}
    return {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTaskRun", "metadata": named, "spec": spec}


def told(run: Object) -> str:
    """A line for people: how it stands, or how it ended."""
    status, name = run.get("status") or {}, run["metadata"]["name"]
    if not status.get("outcome"):
        return f"run {name} asked for"
    why = ": ".join(str(status[each]) for each in ("reason", "message") if status.get(each))
    result = f", result {json.dumps(status['result'])}" if status.get("result") is not None else ""
    return f"run {name}: {status['outcome']}{f', {why}' if why and why != 'Completed' else ''}{result}"


def _arguments(assignments: tuple[str, ...]) -> dict[str, Any]:
    if not assignments:
        return {}
    from scheduledtask_operator.cli.assignments import parse_assignments  # with a YAML parser

    return parse_assignments(assignments)


def _wait(kubectl: Kubectl, name: str, timeout_seconds: float | None) -> Object:
    """The object as it is when the run has ended; raises CommandProblem."""
    until, said = None if timeout_seconds is None else time.monotonic() + timeout_seconds, ""
    while True:
        found = _look(kubectl, name)
        status = found.get("status") or {}
        if status.get("outcome"):
            return found
        said = _progress(status, said)
        if until is not None and time.monotonic() >= until:
            raise _TimeoutProblem(
                f"run {name} has not ended within {timeout_seconds:g} s: {said or 'Pending'}; it goes on"
            )
        time.sleep(_LOOK_EACH_SECONDS)


class _TimeoutProblem(CommandProblem):
    """It was asked for, and has not ended yet."""

    exit_code = EXIT_FAILED


def _look(kubectl: Kubectl, name: str) -> Object:
    try:
        return kubectl.get(f"{RUNS}/{name}")
    except KubectlRefusal as refused:
        if refused.kind is Refusal.NOT_FOUND:
            raise _TimeoutProblem(f"ScheduledTaskRun {name} was deleted, which cancels its run") from None
        raise


def _progress(status: Object, said: str) -> str:
    """Each change once, on standard error."""
    words = ": ".join(str(status[each]) for each in ("state", "message") if status.get(each))
    if words and words != said:
        click.echo(words, err=True)
    return words or said
