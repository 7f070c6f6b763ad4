"""The kubectl plugin needs what its locked requirements name and nothing beyond: no client library, no task code's."""

import os
import re
import subprocess
import sys
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "plugin.txt"
OURS = ("scheduledtask_operator", "scheduledtask_workloads")  # an editable installation lists no files of theirs
EACH_VERB = """
import importlib
from scheduledtask_operator.plugin import Verbs
for module, _ in Verbs.modules.values():
    importlib.import_module(f"scheduledtask_operator.plugin.{module}")
from scheduledtask_operator.plugin.inventory import _builtin
from scheduledtask_operator.plugin.slots import coming_slots
from datetime import datetime, UTC
task = {"metadata": {"name": "a", "namespace": "b"}, "spec": {"schedule": "0 2 * * *", "timeZone": "Europe/Paris"}}
assert coming_slots(task, datetime(2026, 11, 23, tzinfo=UTC), 1), "no slots"
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Links to what is locked, as it is installed here."""
    folder = tmp_path_factory.mktemp("packages")
    for name in re.findall(r"^([a-z0-9-]+)==", REQUIREMENTS.read_text(), re.MULTILINE):
        installed = distribution(name)
        for top in {file.parts[0] for file in installed.files or []} - {"..", "__pycache__"}:
            (folder / top).symlink_to(str(installed.locate_file(top)))
    for name in OURS:
        spec = find_spec(name)
        assert spec is not None
        [place] = spec.submodule_search_locations or []
        (folder / name).symlink_to(place)
    return folder


def run_python(packages: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In an interpreter that finds these packages and its own library alone (-S: no site-packages)."""
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    command = [sys.executable, "-S", "-P", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_every_verb_is_there(packages: Path) -> None:
    done = run_python(packages, "-c", EACH_VERB)

    assert (done.returncode, done.stderr) == (0, "")


def test_list_starts_without_what_explain_takes(packages: Path) -> None:
    """It is called all day: neither models nor a YAML parser."""
    code = "import sys, scheduledtask_operator.plugin.listing; print({'pydantic', 'yaml', 'rich'} & set(sys.modules))"

    assert run_python(packages, "-c", code).stdout == "set()\n"
