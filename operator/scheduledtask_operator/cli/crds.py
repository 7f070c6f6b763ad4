"""`scheduledtask crds`: the custom resource definitions, for `kubectl apply -f -` or into files."""

import json
from pathlib import Path

import click

from scheduledtask_operator.api import crd_file_name, crds, to_yaml
from scheduledtask_operator.cli.problems import CommandProblem


@click.command("crds")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each definition to a file in this directory, and print the files' names.",
)
@click.option(
    "-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="The form."
)
def command(directory: Path | None, output: str) -> None:
    """Print the custom resource definitions."""
    texts = {crd_file_name(crd): to_yaml(crd) for crd in crds()}
    if directory is not None:
        _print_names(_write(directory, texts), output)
    elif output == "json":
        click.echo(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(crds())}, indent=2))
    else:
        click.echo("---\n".join(texts.values()), nl=False)


def _write(directory: Path, texts: dict[str, str]) -> list[str]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            directory.joinpath(name).write_text(text, encoding="utf-8")
    except OSError as error:
        problem = f"--directory: {directory}: cannot be written: {error.strerror}; name a directory that can"
        raise CommandProblem(problem) from error
    return [str(directory / name) for name in texts]


def _print_names(names: list[str], output: str) -> None:
    click.echo(json.dumps({"files": names}) if output == "json" else "\n".join(names))
