"""What the verbs that read manifests have in common."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.local.assessment import Assessment, assess
from scheduledtask_operator.local.errors import LocalError
from scheduledtask_operator.local.project import environment_for

files_option = click.option(
    "-f",
    "--filename",
    "paths",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A manifest, or a directory of them; may be given several times.",
)
recursive_option = click.option("-R", "--recursive", is_flag=True, help="Read the directories below, too.")


def output_option(*choices: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The first choice is the default."""
    return click.option(
        "-o", "--output", type=click.Choice(choices), default=choices[0], show_default=True, help="How to print it."
    )


def assess_or_explain(paths: Sequence[Path], *, recursive: bool) -> Assessment:
    """Raises CommandProblem when the catalog cannot be read."""
    try:
        return asyncio.run(assess(paths, environment_for(paths), recursive=recursive))
    except (LocalError, OSError) as error:
        raise CommandProblem(str(error)) from error
