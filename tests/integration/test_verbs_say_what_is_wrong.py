"""What every verb has in common when it cannot do its work: one line on standard error, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.called_program import scheduledtask

GOOD = (
    "apiVersion: scheduledtask.dev/v1alpha1\nkind: ScheduledTask\nmetadata: {name: check}\n"
    "spec: {schedule: '@hourly', task: system-health}\n"
)
PROGRAM = [sys.executable, "-m", "scheduledtask_operator.cli"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("verb", [["crds"], ["next", "@daily"], ["tasks"], ["validate", "-f", "good.yaml"]])
def test_output_that_cannot_be_written_is_one_line(verb: list[str], tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    with Path("/dev/full").open("w") as full:
        answer = subprocess.run(
            [*PROGRAM, *verb], stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=60, check=False
        )

    assert (answer.returncode, answer.stderr) == (1, "error: No space left on device\n")


def test_no_verb_at_all_is_answered_with_help() -> None:
    answer = subprocess.run(PROGRAM, capture_output=True, text=True, timeout=60, check=False)

    assert answer.returncode == 2
    assert answer.stderr.startswith("Usage: ")


@pytest.mark.parametrize("verb", ["dev", "validate", "explain", "next", "tasks", "run", "crds"])
def test_each_verb_takes_its_output_form_as_o(verb: str) -> None:
    answer = scheduledtask(verb, "--help")

    assert answer.returncode == 0
    assert "-o, --output" in answer.stdout
