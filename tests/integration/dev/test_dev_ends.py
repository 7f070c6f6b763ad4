"""However dev ends, it leaves no process; what it knew is there at the next start."""

import os
import signal
import sys

import pexpect
import psutil

from scheduledtask_operator.local.process_tree import is_running

COMMAND = ["-m", "scheduledtask_operator.cli", "dev", "-f"]


def test_the_terminal_shows_each_task_and_ctrl_c_leaves_no_process_behind(folder) -> None:
    folder.write("tick", schedule="* * * * * *")
    folder.write("grind", schedule="0 0 1 1 *", task="grind")
    wide = {**os.environ, "COLUMNS": "240"}  # so that no path is folded
    terminal = pexpect.spawn(
        sys.executable, [*COMMAND, str(folder.root)], timeout=90, encoding="utf-8", dimensions=(40, 240), env=wide
    )
    try:
        for words in ("default/grind", "default/tick", "Light", "Succeeded", "workers up: 0"):
            terminal.expect_exact(words)
        (folder.root / "bad.yaml").write_text("spec: [\n")
        terminal.expect_exact("bad.yaml:2: is not YAML")
        pids = [psutil.Process(pid) for pid in folder.pids().values()]
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
        terminal.wait()
    finally:
        terminal.close(force=True)

    assert terminal.exitstatus == 0
    assert not [process for process in pids if is_running(process)]
    assert folder.processes_left() == []


def test_a_second_signal_does_not_wait_for_a_run(folder, start) -> None:
    folder.write("grind", schedule="* * * * * *", task="grind", spec="  arguments: {seconds: 600}\n")
    dev = start()
    dev.said("default/grind started")

    dev.process.send_signal(signal.SIGTERM)
    dev.said("stopping")
    dev.process.send_signal(signal.SIGTERM)

    assert dev.end() == 0
    assert folder.processes_left() == []


def test_a_run_that_was_cut_off_goes_on_in_its_next_attempt(folder, start) -> None:
    folder.write("grind", schedule="* * * * * *", task="grind", spec="  arguments: {seconds: 600}\n")
    first = start()
    first.said("default/grind started")
    first.process.send_signal(signal.SIGINT)
    assert first.end() == 0

    folder.write("grind", schedule="* * * * * *", task="grind", spec="  arguments: {seconds: 0}\n")
    second = start()
    second.said("default/grind started in attempt 2")


def test_a_killed_dev_takes_its_children_along_and_the_next_one_goes_on_where_it_was(folder, start) -> None:
    folder.write("tick", schedule="* * * * * *")
    first = start()
    first.said("default/tick Succeeded")
    children = [psutil.Process(pid) for name, pid in folder.pids().items() if name != "dev"]

    first.process.kill()
    first.end()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []

    second = start("--for", "2", "--output", "json")
    second.said("default/tick skipped .* Coalesced")
    assert second.end() == 0, second.spoken()


def test_a_counted_window_that_is_interrupted_is_no_success(folder, start) -> None:
    folder.write("tick", schedule="* * * * * *")
    dev = start("--for", "600")
    dev.said("default/tick Succeeded")

    dev.process.send_signal(signal.SIGINT)

    assert dev.end() == 130
    assert folder.processes_left() == []


def test_a_temporary_folder_too_long_for_a_socket_is_in_nobodys_way(folder, start, tmp_path, monkeypatch) -> None:
    long = tmp_path / ("t" * 100)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    folder.write("tick", schedule="* * * * * *")

    dev = start("--for", "2", "--output", "json")

    assert dev.end() == 0, dev.spoken()
