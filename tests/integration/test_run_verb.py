"""`scheduledtask run`, as a person calls it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import psutil
import pytest
from tests.task_orders import MISBEHAVING_PROJECT

from scheduledtask_operator.cli import main

PROGRAM = [sys.executable, "-m", "scheduledtask_operator.cli", "run"]
ENVIRONMENT = {**os.environ, "SCHEDULEDTASK_PROJECT": str(MISBEHAVING_PROJECT)}
DEADLINE_SECONDS = 60


def call(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[str]]:
    """The lines that a call is refused with, exit code 2; in this process, since no body is ever started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCHEDULEDTASK_PROJECT", str(MISBEHAVING_PROJECT))

    def refused(*arguments: str) -> list[str]:
        monkeypatch.setattr(sys, "argv", ["scheduledtask", "run", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert (ended.value.code, said.out) == (2, "")
        return said.err.splitlines()

    return refused


def test_the_result_is_on_standard_output_all_else_beside_it_and_no_folder_is_made_for_no_artifacts(
    tmp_path: Path,
) -> None:
    busy_machine = ("--set", "cpu_percent=100", "--set", "load_per_cpu=100000")
    ended = call("system-health", *busy_machine, "--set", "disk_paths=[/, /tmp]", folder=tmp_path)

    assert ended.returncode == 0
    checked = [check["name"] for check in json.loads(ended.stdout)["checks"]]
    assert {"cpu", "memory", "disk /", "disk /tmp"} <= set(checked), checked
    assert "INFO system-health [run-" in ended.stderr
    assert re.search(r"^Succeeded after \S+, peak memory \S+Mi$", ended.stderr, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


def test_artifacts_go_where_they_are_told_to(tmp_path: Path) -> None:
    arguments = ["--set", "dataset=iris", "--set", "estimator=logistic-regression", "--set", "candidates=2"]
    ended = call("model-training", *arguments, "--artifacts", "kept", "--output", "json", folder=tmp_path)
    report = json.loads(ended.stdout)

    assert ended.returncode == 0, ended.stderr
    assert report["state"] == "Succeeded"
    assert Path(report["result"]["model"]).is_relative_to(tmp_path / "kept")
    assert Path(report["result"]["model"]).is_file()


def test_a_failed_run_is_exit_code_1_with_its_traceback(tmp_path: Path) -> None:
    ended = call("light-raises", "--set", "message=no luck", folder=tmp_path)

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "    raise ValueError(message)\nValueError: no luck\n" in ended.stderr
    assert "Failed after" in ended.stderr
    assert ended.stderr.endswith(": Raised: ValueError: no luck\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["light-hangs", "--timeout", "500ms"], "TimeLimitExceeded"),
        (["light-eats-memory", "--memory", "150Mi"], "MemoryLimitExceeded"),
        (["light-dies-of-signal"], "Killed"),
        (["light-exits-at-once"], "Exited"),
    ],
)
def test_limits_are_kept_and_sudden_ends_are_told(tmp_path: Path, arguments: list[str], reason: str) -> None:
    ended = call(*arguments, "--output", "json", folder=tmp_path)

    assert ended.returncode == 1
    assert json.loads(ended.stdout)["reason"] == reason


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["light-raise"], ["task: unknown task 'light-raise'; did you mean 'light-raises'?"]),
        (["light-exits", "--set", "code"], ["--set code: write it as key=value, or outer.inner=value"]),
        (
            ["light-exits", "--set", "code=x", "--set", "kode=1"],
            [
                "arguments.code: 'x': Input should be a valid integer, unable to parse string as an integer",
                "arguments.kode: 1: no such argument; did you mean code?",
            ],
        ),
        (
            ["light-exits", "--timeout", "soon"],
            ["--timeout: 'soon' is not a duration; write a number and a unit, such as 90s, 5m or 1h30m"],
        ),
        (
            ["light-exits", "--memory", "much"],
            ["--memory: 'much' is not an amount of memory; write a number and a suffix, such as 500M or 8Gi"],
        ),
    ],
)
def test_what_is_asked_for_wrongly_is_a_line_each_and_exit_code_2(
    refused: Callable[..., list[str]], arguments: list[str], lines: list[str]
) -> None:
    assert refused(*arguments) == [f"error: {line}" for line in lines]


def test_output_passes_through_while_the_body_runs_and_ctrl_c_ends_it_with_exit_code_130(tmp_path: Path) -> None:
    process = subprocess.Popen([*PROGRAM, "light-hangs"], cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert process.stderr.readline() == b"about to hang\n"
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)

    assert process.wait(DEADLINE_SECONDS) == 130
    assert children
    assert psutil.wait_procs(children, timeout=DEADLINE_SECONDS)[1] == []
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_debug_runs_the_body_in_this_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "light-reports-process", "--debug"], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE
    )
    output, _ = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 0
    assert json.loads(output)["pid"] == process.pid


def test_debug_shows_the_traceback_of_an_exception(tmp_path: Path) -> None:
    ended = call("light-raises", "--debug", folder=tmp_path)

    assert ended.returncode == 1
    assert "ValueError: the body raised" in ended.stderr


def test_debug_opens_the_debugger_where_it_was_raised(tmp_path: Path) -> None:
    terminal = pexpect.spawn(
        PROGRAM[0], [*PROGRAM[1:], "light-raises", "--debug"], cwd=str(tmp_path), env=ENVIRONMENT, timeout=60
    )
    terminal.expect_exact("(Pdb)")
    terminal.sendline("p message")
    terminal.expect_exact("'the body raised'")
    terminal.sendline("q")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 1


def test_a_daemon_of_the_body_goes_with_the_run(tmp_path: Path) -> None:
    ended = call("light-leaves-a-daemon", "--set", "path=left", folder=tmp_path)
    left = json.loads((tmp_path / "left").read_text())

    assert ended.returncode == 0, ended.stderr
    assert not psutil.pid_exists(left["pid"])


def test_an_argument_comes_from_a_folder_of_secrets_and_is_masked(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "db" / "message"
    file.parent.mkdir(parents=True)
    file.write_text("hunter2-correct")
    reference = ["--set", "message={secretKeyRef: {name: db, key: message}}"]

    ended = call("light-raises", *reference, "--secrets", "secrets", "--output", "json", folder=tmp_path)

    assert ended.returncode == 1
    assert "    raise ValueError(message)\nValueError: ***\n" in ended.stderr
    assert json.loads(ended.stdout)["message"] == "ValueError: ***"
    assert "hunter2" not in ended.stdout + ended.stderr


def test_a_secret_that_is_not_here_is_refused_with_what_to_set(refused: Callable[..., list[str]]) -> None:
    (line,) = refused("light-raises", "--set", "message={secretKeyRef: {name: db, key: message}}")

    assert "arguments: key message of Secret db: is not here; set SCHEDULEDTASK_SECRET_DB__MESSAGE" in line
