"""An image of the last version is started by this version's operator, and the other way round."""

import json
from pathlib import Path

import pytest
from tests.contract_samples import worker_command

from scheduledtask_operator.cli.worker import command

Sample = dict[str, list[str]]
SAMPLES = sorted((Path(__file__).parents[1] / "contract_samples").glob("v*/worker_command.json"))


@pytest.fixture(params=SAMPLES, ids=lambda path: path.parent.name)
def sample(request: pytest.FixtureRequest) -> Sample:
    kept: Sample = json.loads(request.param.read_text())
    return kept


def options(arguments: list[str]) -> set[str]:
    return {each.partition("=")[0] for each in arguments if each.startswith("--")}


def test_an_image_of_that_version_understands_how_it_is_started_now(sample: Sample) -> None:
    now = worker_command.now()

    assert now["command"][:2] == sample["command"][:2]
    new = options(now["command"]) - options(sample["command"])
    assert not new, f"{', '.join(new)}: older images end with 'No such option'. tests/contract_samples/README.md"
    gone = set(sample["variables"]) - set(now["variables"])
    assert not gone, f"{', '.join(gone)}: older images look for it. tests/contract_samples/README.md"
    assert now["catalog_command"] == sample["catalog_command"]


def test_the_worker_of_now_understands_how_it_was_started(sample: Sample) -> None:
    understood = {name for parameter in command.params for name in parameter.opts}

    gone = options(sample["command"]) - understood
    assert not gone, f"{', '.join(gone)}: pods of the last version's Deployment end with 'No such option'."
