"""What the images install is what the tests ran with."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
PART_ONLY = {"workloads": "celery", "runners": "sqlalchemy", "worker-ml": "scikit-learn"}


def pins(name: str) -> set[str]:
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    return set(re.findall(r"^[a-z0-9-]+==[^ ]+(?: ; [^\\]*[^ \\])?", text, re.MULTILINE))


@pytest.mark.parametrize("part", PART_ONLY)
def test_an_image_takes_the_versions_that_are_tested(part: str) -> None:
    assert pins(part) <= pins("runtime")


@pytest.mark.parametrize(("part", "library"), PART_ONLY.items())
def test_an_image_has_the_libraries_of_its_part(part: str, library: str) -> None:
    assert any(pin.startswith(f"{library}==") for pin in pins(part))


@pytest.mark.parametrize("part", ["workloads", "runners"])
def test_only_the_worker_for_ml_has_scikit_learn(part: str) -> None:
    assert not any(pin.startswith("scikit-learn==") for pin in pins(part))
