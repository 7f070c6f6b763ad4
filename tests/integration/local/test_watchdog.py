"""A dev that is killed takes its children with it."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from scheduledtask_operator.local.process_tree import MARK_VARIABLE, is_running, mark

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_when_its_input_ends_every_marked_process_and_the_sockets_are_gone(tmp_path: Path) -> None:
    folder, sockets = str(tmp_path / "state"), tmp_path / "sockets"
    sockets.mkdir()
    ours = subprocess.Popen(SLEEPER, env={**os.environ, MARK_VARIABLE: mark(folder, "runners", "1")})
    strange = subprocess.Popen(SLEEPER, env={**os.environ, MARK_VARIABLE: f"{folder}-of-another"})
    try:
        command = [sys.executable, "-m", "scheduledtask_operator.local.watchdog", folder, str(sockets)]
        subprocess.run(command, stdin=subprocess.DEVNULL, timeout=30, check=True)

        assert ours.wait(timeout=10) == -9
        assert is_running(psutil.Process(strange.pid))
        assert not sockets.exists()
    finally:
        for process in (ours, strange):
            process.kill()
            process.wait()
