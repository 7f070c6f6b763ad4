"""One dev a folder; what it writes is whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scheduledtask_operator.local.errors import StateFolderError
from scheduledtask_operator.local.memory import LocalMemory
from scheduledtask_operator.local.state_folder import StateFolder

HOLDER = """
import pathlib, sys
from scheduledtask_operator.local.state_folder import StateFolder
folder = StateFolder(pathlib.Path(sys.argv[1])); folder.open(); print("held", flush=True); sys.stdin.read()
"""


def test_a_second_holder_is_told_who_has_it_and_what_to_do(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(StateFolderError, match=rf"in use by another dev \(pid {holder.pid}\).*--state"):
            StateFolder(tmp_path).open()
        holder.kill()

    StateFolder(tmp_path).open()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateFolderError, match=r"--state: .*/file/state cannot be used"):
        StateFolder(tmp_path / "file" / "state").open()


def test_each_start_has_a_higher_number_also_after_a_torn_file(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.open()
    numbers = [LocalMemory(folder).fence(), LocalMemory(folder).fence()]
    (tmp_path / "state.json").write_text('{"fence": ')
    numbers.append(LocalMemory(folder).fence())

    assert numbers[0] is not None
    assert numbers[0] < numbers[1]
    assert os.path.getsize(tmp_path / "state.json") > 20
