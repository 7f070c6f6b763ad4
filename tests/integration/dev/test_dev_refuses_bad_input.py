"""What is wrong at the start is said in one line each, with exit code 2 and no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from scheduledtask_operator.local.process_tree import marked_processes

COMMAND = [sys.executable, "-m", "scheduledtask_operator.cli", "dev"]


def refused(*arguments: str | Path) -> list[str]:
    """The lines that begin with `error:`."""
    done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr + done.stdout
    return [line for line in done.stderr.splitlines() if line.startswith("error:")]


def test_every_problem_of_every_manifest_is_a_line(folder) -> None:
    folder.write("unknown", schedule="* * * * *", task="tikc")
    folder.write("wrong", schedule="* * * * *", spec="  arguments: {wrod: tock}\n")
    folder.write("never", schedule="every day")
    (folder.root / "broken.yaml").write_text("spec: [\n")

    lines = refused("-f", folder.root)

    assert len(lines) == 4
    for line, words in zip(
        sorted(lines),
        (
            ("broken.yaml:2:", "is not YAML"),
            ("never.yaml:5:", "spec.schedule", "every day"),
            ("unknown.yaml:1:", "spec.task", "tikc", "did you mean tick?"),
            ("wrong.yaml:1:", "spec.arguments.wrod", "did you mean word?"),
        ),
        strict=True,
    ):
        assert all(word in line for word in words), line


def test_an_empty_directory_is_an_error(tmp_path: Path) -> None:
    (line,) = refused("-f", tmp_path)

    assert str(tmp_path) in line
    assert "has no file that ends in .yaml, .yml, .json" in line


def test_a_second_dev_on_the_same_folder_is_told_who_holds_it(folder, start) -> None:
    folder.write("tick", schedule="* * * * * *")
    first = start()
    first.said("running")

    (line,) = refused("-f", folder.root)

    assert f"pid {first.process.pid}" in line
    assert "--state" in line


def test_a_state_folder_that_cannot_be_used_is_named(folder, tmp_path: Path) -> None:
    folder.write("tick", schedule="* * * * * *")
    (tmp_path / "file").write_text("")

    (line,) = refused("-f", folder.root, "--state", tmp_path / "file" / "state")

    assert "--state" in line
    assert "cannot be used" in line


def test_a_server_that_cannot_read_its_data_says_so(folder) -> None:
    folder.write("tick", schedule="* * * * * *")
    aof = folder.state / "server" / "appendonlydir"
    aof.mkdir(parents=True)
    (aof / "appendonly.aof.manifest").write_text("this is no manifest\n")

    (line,) = refused("-f", folder.root)

    assert "the embedded server ended at its start" in line
    assert "server.log" in line
    assert "or name another --state" in line
    assert marked_processes(str(folder.state.resolve())) == []


@pytest.mark.parametrize(("option", "value"), [("--for", "0"), ("--runners", "0"), ("--output", "yaml")])
def test_an_impossible_option_names_itself(folder, option: str, value: str) -> None:
    folder.write("tick", schedule="* * * * * *")

    (line,) = refused("-f", folder.root, option, value)

    assert option in line
    assert value in line
