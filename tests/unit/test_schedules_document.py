"""What docs/schedules.md shows is what the program prints."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduledtask_operator.cli import scheduledtask

DOCUMENT = Path(__file__).parents[2] / "docs" / "schedules.md"
EXAMPLES = [
    example
    for block in re.findall(r"```console\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    for example in re.split(r"^\$ scheduledtask ", block, flags=re.MULTILINE)[1:]
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.partition("\n")[0])
def test_an_example_of_the_document_prints_what_stands_there(example: str) -> None:
    arguments, _, shown = example.partition("\n")

    assert CliRunner().invoke(scheduledtask, shlex.split(arguments)).stdout == shown


def test_the_document_has_an_example_of_each_clock_change() -> None:
    assert len(EXAMPLES) == 4
