"""`scheduledtask run`: one task, here and now."""

import asyncio
import json
import logging
import os
import pdb
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from scheduledtask_operator.cli.assignments import parse_assignments
from scheduledtask_operator.cli.problems import EXIT_FAILED, CommandProblem
from scheduledtask_operator.cli.quantity_options import as_bytes, as_seconds
from scheduledtask_operator.cli.secrets_option import secrets_option
from scheduledtask_operator.local.catalog_child import ChildCatalog
from scheduledtask_operator.local.errors import LocalError
from scheduledtask_operator.local.project import environment_for
from scheduledtask_operator.local.secrets import LocalSecrets, local_secrets
from scheduledtask_workloads.contract import AttemptRef, AttemptReport, RunOrder, RunState, TaskClass
from scheduledtask_workloads.contract.quantity import format_duration, format_memory
from scheduledtask_workloads.contract.secrets import reference_problems, references_in, without_variables


@click.command(name="run")
@click.argument("task")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="An argument; VALUE is read as YAML.")
@click.option(
    "--timeout",
    "timeout_seconds",
    callback=as_seconds,
    metavar="DURATION",
    default="1d",
    show_default=True,
    help="End it after that.",
)
@click.option(
    "--memory", "memory_limit_bytes", callback=as_bytes, metavar="MEMORY", help="End it above that: 500M, 8Gi."
)
@click.option(
    "--artifacts",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".scheduledtask/artifacts"),
    show_default=True,
    help="Where it may leave files; made when it does.",
)
@secrets_option
@click.option("--debug", is_flag=True, help="Run it in this process: breakpoint() works, an exception opens pdb.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    task: str,
    assignments: tuple[str, ...],
    timeout_seconds: float,
    memory_limit_bytes: int | None,
    artifacts: Path,
    secrets: Path | None,
    debug: bool,
    output: str,
) -> None:
    """Run TASK once, in a child process. Its output goes to standard error, its result to standard output.

    Exit code 0 when it succeeded, 1 when it failed, 2 when it was asked for wrongly.
    """
    arguments = parse_assignments(assignments)
    _refuse_bad_references(arguments)
    environment = environment_for([Path()])
    _check(task, arguments, environment)
    environment = without_variables(environment) | _secret_variables(arguments, local_secrets(secrets))
    order = RunOrder(
        ref=AttemptRef(namespace="local", name=task, run_id=_run_id(datetime.now(UTC)), attempt=1, fence=0),
        task_class=TaskClass.HEAVY,  # no engine: the class decides nothing here
        task=task,
        arguments=arguments,
        timeout_seconds=timeout_seconds,
        memory_limit_bytes=memory_limit_bytes,
        artifacts_url=str(artifacts.absolute()),
    )
    succeeded = _debug(order, environment) if debug else _run(order, environment, as_json=output == "json")
    if not succeeded:
        raise click.exceptions.Exit(EXIT_FAILED)


def _run_id(now: datetime) -> str:
    return f"run-{now:%Y%m%dT%H%M%S}-{os.getpid()}"


def _refuse_bad_references(arguments: Mapping[str, Any]) -> None:
    """Raises CommandProblem."""
    problems = [f"arguments.{'.'.join(map(str, path))}: {found}" for path, found in reference_problems(arguments)]
    if problems:
        raise CommandProblem(problems)


def _secret_variables(arguments: Mapping[str, Any], secrets: LocalSecrets) -> dict[str, str]:
    """As a worker's. Raises CommandProblem with a line for each that is not here."""
    references = references_in(arguments)
    problems = secrets.problems(references)
    if problems:
        raise CommandProblem([f"arguments: {problem}" for problem in problems])
    return secrets.variables(references)


def _check(task: str, arguments: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Raises CommandProblem with a line for each thing that is wrong."""
    try:
        problems = asyncio.run(_problems(task, arguments, environment))
    except (LocalError, OSError) as error:
        raise CommandProblem(str(error)) from error
    if problems:
        raise CommandProblem([problem.removeprefix("spec.") for problem in problems])


async def _problems(task: str, arguments: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[str, ...]:
    catalog = ChildCatalog(environment)
    try:
        return await catalog.argument_problems(task, arguments)
    finally:
        await catalog.close()


def _run(order: RunOrder, environment: Mapping[str, str], *, as_json: bool) -> bool:
    from scheduledtask_workloads.execution import adopt_orphans, end_strays, run_in_child

    adopt_orphans()
    try:
        report = run_in_child(order, environment=environment, on_output=_pass_on)
    finally:
        end_strays(())  # a daemon of the body has left its session, and fell to us
    click.echo(_summary(report), err=True)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    elif report.state is RunState.SUCCEEDED:
        click.echo(json.dumps(report.result, indent=2))
    return report.state is RunState.SUCCEEDED


def _pass_on(data: bytes) -> None:
    sys.stderr.buffer.write(data)
    sys.stderr.flush()


def _summary(report: AttemptReport) -> str:
    took = "" if report.started_at is None else f" after {format_duration(report.ended_at - report.started_at)}"
    peak = "" if report.peak_memory_bytes is None else f", peak memory {format_memory(report.peak_memory_bytes)}"
    why = f": {report.reason}: {report.message}" if report.message else ""
    return f"{report.state}{took}{peak}{why}"


def _debug(order: RunOrder, environment: Mapping[str, str]) -> bool:
    os.environ.clear()
    os.environ.update(environment)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    from scheduledtask_workloads.catalog import load_catalog
    from scheduledtask_workloads.execution import perform_here

    try:
        result = perform_here(order, load_catalog())
    except Exception:  # noqa: BLE001  the person who asked for it looks at it
        traceback.print_exc()
        if sys.stdin.isatty():
            pdb.post_mortem()
        return False
    click.echo(json.dumps(result, indent=2, default=str))
    return True
