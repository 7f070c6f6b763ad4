"""Objects and tables on standard output. Colours go where a terminal is; click takes them out elsewhere."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from scheduledtask_operator.plugin.kubectl import Object

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Cell:
    """`colour` is one of click's; "" is none."""

    text: str
    colour: str = ""


Row = Sequence[Cell | str]


def print_table(heading: Sequence[str], rows: Iterable[Row]) -> None:
    """Columns as wide as what stands in them, as kubectl's."""
    cells = [[_cell(each) for each in row] for row in rows]
    widths = [
        max(len(row[at].text) for row in [*cells, [Cell(name) for name in heading]]) for at in range(len(heading))
    ]
    click.echo(_line([Cell(name) for name in heading], widths))
    for row in cells:
        click.echo(_line(row, widths))


def print_objects(objects: Sequence[Object], output: str, *, as_list: bool = True) -> None:
    """As `json`, `yaml` or `name`; a List, or the only one."""
    if output == "name":
        for each in objects:
            click.echo(object_name(each))
        return
    if not as_list and len(objects) == 1:
        print_document(objects[0], output)
        return
    print_document({"apiVersion": "v1", "kind": "List", "items": list(objects)}, output)


def print_document(document: Any, output: str) -> None:
    """As `json` or `yaml`."""
    if output == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    import yaml  # a tenth of a second, which other outputs need not wait for

    click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)


def object_name(each: Object) -> str:
    """As `kubectl get -o name` writes it."""
    return f"{each['kind'].lower()}.scheduledtask.dev/{each['metadata']['name']}"


def print_facts(facts: Iterable[tuple[str, Cell | str]]) -> None:
    """Names on the left, what they are on the right."""
    pairs = [(name, _cell(value)) for name, value in facts]
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        click.echo(f"{f'{name}:':<{width + 1}}{_GAP}{_styled(value)}".rstrip())


def _cell(given: Cell | str) -> Cell:
    return given if isinstance(given, Cell) else Cell(given)


def _line(row: Sequence[Cell], widths: Sequence[int]) -> str:
    padded = (_styled(cell) + " " * (width - len(cell.text)) for cell, width in zip(row, widths, strict=True))
    return _GAP.join(padded).rstrip()


def _styled(cell: Cell) -> str:
    return click.style(cell.text, fg=cell.colour) if cell.colour else cell.text
