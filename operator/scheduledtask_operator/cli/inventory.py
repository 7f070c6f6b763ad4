"""`scheduledtask inventory`: every task with its class and why, how often and where it runs, and what its runs took."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

import click

from scheduledtask_operator.cli.dev import MAX_RUNNERS
from scheduledtask_operator.cli.manifest_options import assess_or_explain, files_option, output_option, recursive_option
from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.cli.secrets_option import secrets_option
from scheduledtask_operator.local.assessment import AssessedResource
from scheduledtask_operator.local.errors import BadManifestsError, LocalError
from scheduledtask_operator.local.measuring import MOST_IDLE_WORKERS, Observation, idle_worker_sizes, observe
from scheduledtask_operator.local.secrets import local_secrets
from scheduledtask_operator.local.session import DevOptions
from scheduledtask_operator.manifests.inventory_document import (
    Inventory,
    LightSaving,
    Subject,
    inventory,
    observed_in,
)
from scheduledtask_operator.manifests.inventory_page import inventory_page
from scheduledtask_workloads.contract import TaskClass

STATUS = "what was observed is what the status of each ScheduledTask says"


@click.command("inventory")
@files_option
@recursive_option
@click.option(
    "--for",
    "for_seconds",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Run the tasks here first, as `dev --for` does, and measure them. Without it what was observed is read from"
    " the statuses of the manifests, if they have any.",
)
@click.option(
    "--runners", type=click.IntRange(1, MAX_RUNNERS), default=2, show_default=True, help="Processes for light tasks."
)
@secrets_option
@output_option("markdown", "json")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write both, inventory.md and inventory.json, into this directory instead.",
)
def command(
    paths: tuple[Path, ...],
    recursive: bool,
    for_seconds: float | None,
    runners: int,
    secrets: Path | None,
    output: str,
    directory: Path | None,
) -> None:
    """Write down which tasks there are, which class each gets and why, what runs where, how often, and what it takes.

    Of a cluster: kubectl get stask -A -o json | scheduledtask inventory -f /dev/stdin
    """
    assessment = assess_or_explain(paths, recursive=recursive)
    if assessment.problems:
        raise CommandProblem(assessment.problems)
    if for_seconds is None:
        document = _as_they_stand(assessment.resources)
    else:
        options = DevOptions(paths, recursive, runners, None, for_seconds, local_secrets(secrets))
        document = _measured(assessment.resources, options, for_seconds)
    texts = {"markdown": inventory_page(document), "json": f"{document.model_dump_json(indent=2)}\n"}
    if directory is None:
        click.echo(texts[output], nl=False)
    else:
        _write(directory, {"inventory.md": texts["markdown"], "inventory.json": texts["json"]})


def _write(directory: Path, texts: dict[str, str]) -> None:
    """Raises CommandProblem."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            directory.joinpath(name).write_text(text, encoding="utf-8")
    except OSError as error:
        problem = f"--directory: {directory}: cannot be written: {error.strerror}; name a directory that can"
        raise CommandProblem(problem) from error


def _as_they_stand(resources: tuple[AssessedResource, ...]) -> Inventory:
    subjects = [
        Subject(
            each.resource.task,
            each.accepted.entry,
            each.accepted.classification,
            observed_in(each.resource.task.status),
        )
        for each in resources
    ]
    observed_by = STATUS if any(subject.observed for subject in subjects) else ""
    return inventory(subjects, now=datetime.now(UTC), observed_by=observed_by)


def _measured(resources: tuple[AssessedResource, ...], options: DevOptions, seconds: float) -> Inventory:
    """Raises CommandProblem."""
    light = sum(each.accepted.classification.task_class is TaskClass.LIGHT for each in resources)
    try:
        observation, saving = asyncio.run(_measure(options, light, seconds))
    except BadManifestsError as error:
        raise CommandProblem(error.problems) from error
    except (LocalError, TimeoutError) as error:
        raise CommandProblem(str(error) or "the idle workers did not come up in time") from error
    subjects = [
        Subject(
            each.resource.task,
            each.accepted.entry,
            each.accepted.classification,
            observation.of(each.resource.task.key),
        )
        for each in resources
    ]
    observed_by = f"the tasks ran on this machine for {seconds:g} s, by the programs that a cluster runs"
    return inventory(subjects, now=datetime.now(UTC), observed_by=observed_by, light_saving=saving)


async def _measure(options: DevOptions, light: int, seconds: float) -> tuple[Observation, LightSaving | None]:
    click.echo(f"running the tasks for {seconds:g} s, and what they start until it has ended", err=True)
    observation = await observe(options)
    if not light:
        return observation, None
    count = min(light, MOST_IDLE_WORKERS)
    click.echo(f"starting {count} idle workers, to measure what one for each light task would take", err=True)
    workers = await idle_worker_sizes(options, count)
    return observation, LightSaving(
        light_tasks=light,
        scheduler_bytes=observation.most_bytes["scheduler"],
        runners_bytes=observation.most_bytes["runners"],
        runner_processes=options.runners,
        idle_worker_bytes=round(mean(workers)),
        workers_measured=count,
    )
