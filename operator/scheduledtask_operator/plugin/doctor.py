"""`kubectl scheduledtask doctor`: is the installation well, as far as this user may see."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import click

from scheduledtask_operator.cli.problems import EXIT_FAILED
from scheduledtask_operator.plugin.checks import WANTED_RIGHTS, Answer, Check, Examined, Verdict, checks
from scheduledtask_operator.plugin.kubectl import READS_AT_ONCE, RUNS, TASKS, Asked, Kubectl
from scheduledtask_operator.plugin.operator_place import Place, place_of_operator
from scheduledtask_operator.plugin.options import cluster_options, operator_options, output_option
from scheduledtask_operator.plugin.output import print_document
from scheduledtask_operator.plugin.refusals import KubectlRefusal, Refusal

_MARKS = {
    Verdict.OK: ("✓", "green"),
    Verdict.UNKNOWN: ("?", "bright_black"),
    Verdict.WARNING: ("!", "yellow"),
    Verdict.FAILED: ("✗", "red"),
}
_DATE = re.compile(r"^\s*(?:I\d{4} .*\] +)?Date: (.+)$", re.MULTILINE)
_NAME = "app.kubernetes.io/name=scheduledtask-operator,app.kubernetes.io/component="


@click.command("doctor")
@cluster_options
@operator_options
@output_option("json", "yaml")
def command(kubectl: Kubectl, operator_namespace: str, lease_name: str, output: str | None) -> None:
    """Check CRDs, rights, operator, leader, clock, Redis, versions, and say what to fix. 1 when something failed."""
    found = checks(_examine(kubectl, operator_namespace, lease_name), datetime.now(UTC))
    if output:
        print_document([asdict(check) for check in found], output)
    else:
        for check in found:
            _print(check)
    if any(check.verdict is Verdict.FAILED for check in found):
        raise click.exceptions.Exit(EXIT_FAILED)


def _print(check: Check) -> None:
    mark, colour = _MARKS[check.verdict]
    click.echo(f"{click.style(mark, fg=colour)} {check.name:<12} {check.text}")
    if check.fix and check.verdict is not Verdict.OK:
        click.echo(f"  {'':<12} → {check.fix}")


def _examine(kubectl: Kubectl, operator_namespace: str, lease_name: str) -> Examined:
    """Where no API server answers nothing else is asked."""
    versions = _versions(kubectl)
    if isinstance(versions, KubectlRefusal):
        return _nothing(versions)
    with ThreadPoolExecutor(READS_AT_ONCE) as threads:
        may = dict(zip(WANTED_RIGHTS, threads.map(lambda right: _may(kubectl, *right), WANTED_RIGHTS), strict=True))
    asked = (f"crds/{TASKS}", f"crds/{RUNS}", TASKS, RUNS)
    tasks_crd, runs_crd, tasks, runs = kubectl.get_each(map(Asked, asked))
    place = place_of_operator(kubectl, operator_namespace, lease_name)
    deployments, operator_pods, redis_pods = _installation(kubectl, place)
    return Examined(
        versions,
        {TASKS: tasks_crd, RUNS: runs_crd},
        tasks,
        runs,
        may,
        place.lease,
        place.lease_is_missing,
        place.namespace,
        deployments,
        operator_pods,
        redis_pods,
        _skew_seconds(kubectl),
        version("scheduledtask"),
    )


def _nothing(refused: KubectlRefusal) -> Examined:
    return Examined(
        refused, {}, refused, refused, {}, None, False, "", None, None, None, None, version("scheduledtask")
    )


def _versions(kubectl: Kubectl) -> Answer:
    import json

    try:
        answer: Answer = json.loads(kubectl.run("version", "--output=json"))
    except KubectlRefusal as refused:
        return refused
    return answer


def _may(kubectl: Kubectl, verb: str, resource: str) -> bool | None:
    """`kubectl auth can-i` ends with 1 for no, and says so on its standard output."""
    try:
        return kubectl.run("auth", "can-i", verb, resource).strip().endswith("yes")
    except KubectlRefusal as refused:
        return None if refused.kind is Refusal.NO_CLUSTER else False


def _installation(kubectl: Kubectl, place: Place) -> tuple[Answer, Answer, Answer]:
    if not place.namespace:
        return None, None, None
    asked = [
        Asked("deployments.apps", (f"--selector={_NAME}operator",)),
        Asked("pods", (f"--selector={_NAME}operator",)),
        Asked("pods", (f"--selector={_NAME}redis",)),
    ]
    first, second, third = kubectl.within(place.namespace).get_each(asked)
    return first, second, third


def _skew_seconds(kubectl: Kubectl) -> float | None:
    """This machine's clock ahead of the API server's, by the header that each of its answers has."""
    try:
        said = kubectl.attempt("get", "--raw=/version", "-v=8")[1]
    except KubectlRefusal:
        return None
    found = _DATE.search(said)
    if found is None:
        return None
    try:
        there = parsedate_to_datetime(found[1].strip())
    except ValueError:
        return None
    return (datetime.now(UTC) - there).total_seconds()
