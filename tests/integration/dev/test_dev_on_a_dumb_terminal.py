"""A terminal that cannot move its cursor (an editor's shell, a CI log) gets a line for each event, not a live view."""

import os
import sys

import pexpect


def test_a_dumb_terminal_shows_lines(folder) -> None:
    folder.write("tick", schedule="* * * * * *")
    command = ["-m", "scheduledtask_operator.cli", "dev", "-f", str(folder.root)]
    dumb = {**os.environ, "TERM": "dumb"}
    terminal = pexpect.spawn(sys.executable, command, timeout=90, encoding="utf-8", env=dumb)

    terminal.expect("default/tick Succeeded .* after its slot\r\n")
    assert "\x1b" not in terminal.before

    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
