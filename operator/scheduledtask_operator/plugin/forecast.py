"""`kubectl scheduledtask forecast`: the coming day as a picture."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.plugin.forecasting import Forecast, forecast
from scheduledtask_operator.plugin.kubectl import TASKS, Kubectl
from scheduledtask_operator.plugin.options import all_namespaces_option, cluster_options, listing_options
from scheduledtask_operator.plugin.output import print_document
from scheduledtask_operator.plugin.picture import notes, svg_picture, text_picture
from scheduledtask_operator.plugin.times import written

_BESIDE_BARS = 36  # the label, and what the row says at its end
_FINE, _COARSE = 96, 48  # a quarter of an hour, and half of one


@click.command("forecast")
@cluster_options
@all_namespaces_option
@click.option("-l", "--selector", default="", help="Tasks with these labels alone.")
@click.option("-o", "--output", default="", metavar="json|yaml|svg|FILE.svg", help="Instead of a picture here.")
def command(kubectl: Kubectl, all_namespaces: bool, selector: str, output: str) -> None:
    """Draw the coming day: slots, the workers and the memory they will take, and the herd. Times are UTC."""
    if output not in ("", "json", "yaml", "svg") and not output.endswith(".svg"):
        raise CommandProblem(f"--output: {output!r} is none of json, yaml, svg, or a file's name that ends in .svg")
    options = listing_options(kubectl, all_namespaces=all_namespaces, selector=selector)
    tasks = kubectl.items(TASKS, *options)
    fits = shutil.get_terminal_size().columns >= _FINE + _BESIDE_BARS
    coming = forecast(tasks, datetime.now(UTC).replace(microsecond=0), bins=_FINE if output or fits else _COARSE)
    if output in ("json", "yaml"):
        print_document(_document(coming), output)
    elif output == "svg":
        click.echo(svg_picture(coming), nl=False)
    elif output:
        Path(output).write_text(svg_picture(coming), encoding="utf-8")
        click.echo(f"{output} written", err=True)
    else:
        click.echo("\n".join([*text_picture(coming), "", *notes(coming)]).rstrip())


def _document(coming: Forecast) -> dict[str, Any]:
    bins = [
        {
            "start": written(each.start),
            "lightSlots": round(each.light_slots, 1),
            "heavySlots": round(each.heavy_slots, 1),
            "workers": each.workers,
            "memoryBytes": each.memory_bytes,
        }
        for each in coming.bins
    ]
    herd = None if coming.herd is None else {"time": written(coming.herd.time), "tasks": list(coming.herd.tasks)}
    told = {"suspended": coming.suspended, "unscheduled": coming.unscheduled, "undeclared": list(coming.undeclared)}
    return {"binSeconds": coming.bin_seconds, "bins": bins, "herd": herd, **told, "spread": list(coming.spread)}
