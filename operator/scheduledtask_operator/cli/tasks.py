"""`scheduledtask tasks`: what the catalog offers."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from scheduledtask_operator.cli.argument_types import ArgumentRow, argument_rows
from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.cli.suggestions import did_you_mean
from scheduledtask_operator.local.catalog_child import ChildCatalog
from scheduledtask_operator.local.errors import LocalError
from scheduledtask_operator.local.project import environment_for
from scheduledtask_workloads.contract import CatalogDocument, CatalogEntry, CatalogProblem, TaskProfile
from scheduledtask_workloads.contract.quantity import format_duration, format_memory

_NOT_DECLARED = "-"


@click.command(name="tasks")
@click.argument("name", required=False)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(name: str | None, output: str) -> None:
    """List the tasks of the catalog, or show the arguments of the task NAME.

    The catalog has the built-in tasks, those of installed packages, and those that the pyproject.toml of the folder you
    are in (or of SCHEDULEDTASK_PROJECT) offers.
    """
    document = _read_catalog()
    _warn_of(document.problems)
    if name is None:
        click.echo(document.model_dump_json(indent=2)) if output == "json" else _print_list(document)
        return
    entry = document.find(name)
    if entry is None:
        raise CommandProblem(f"NAME: no task {name!r}; {did_you_mean(name, [known.name for known in document.tasks])}")
    click.echo(entry.model_dump_json(indent=2)) if output == "json" else _print_task(entry)


def _read_catalog() -> CatalogDocument:
    try:
        return asyncio.run(ChildCatalog(environment_for([Path()])).read())
    except (LocalError, OSError) as error:
        raise CommandProblem(str(error)) from error


def _warn_of(problems: Iterable[CatalogProblem]) -> None:
    for problem in problems:
        click.echo(f"{click.style('warning:', fg='yellow', bold=True)} {problem.source}: {problem.message}", err=True)


def _print_list(document: CatalogDocument) -> None:
    table = Table("Name", "Light", "Duration", "Memory", "Summary", box=None, header_style="bold")
    for entry in document.tasks:
        table.add_row(entry.name, _light(entry), _duration(entry.profile), _memory(entry.profile), entry.summary)
    Console().print(table)


def _print_task(entry: CatalogEntry) -> None:
    console = Console(highlight=False)
    console.print(entry.name, style="bold", end="  ")
    console.print(entry.summary)
    facts = Table.grid(padding=(0, 2))
    for label, value in _facts(entry):
        facts.add_row(label, value)
    console.print(facts)
    rows = argument_rows(entry.arguments_schema)
    console.print(_arguments_table(rows) if rows else "It takes no arguments.")


def _facts(entry: CatalogEntry) -> list[tuple[str, str]]:
    profile = entry.profile
    return [
        ("fit for light", _light(entry)),
        ("duration", _duration(profile)),
        ("memory", _memory(profile)),
        ("concurrency", str(profile.concurrency or _NOT_DECLARED)),
        ("requires", ", ".join(profile.requires) or _NOT_DECLARED),
        ("source", entry.source),
    ]


def _arguments_table(rows: list[ArgumentRow]) -> Table:
    table = Table("Argument", "Type", "Default", "Description", box=None, header_style="bold")
    for row in rows:
        table.add_row(row.name, row.type_text, row.default_text, row.description)
    return table


def _light(entry: CatalogEntry) -> str:
    return "yes" if entry.light else "no"


def _duration(profile: TaskProfile) -> str:
    return _NOT_DECLARED if profile.duration_seconds is None else format_duration(profile.duration_seconds)


def _memory(profile: TaskProfile) -> str:
    return _NOT_DECLARED if profile.memory_bytes is None else format_memory(profile.memory_bytes)
