"""Colours are for terminals, and for whom NO_COLOR does not take them away; kubectl and shells get their words."""

import io

import pytest

from scheduledtask_operator.cli.problems import run_or_explain
from scheduledtask_operator.plugin import scheduledtask
from scheduledtask_operator.plugin.completion import command as completion


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def said(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> str:
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("sys.argv", ["kubectl-scheduledtask", "explian"])
    assert run_or_explain(scheduledtask) == 2
    return stream.getvalue()


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in said(monkeypatch, Terminal())


def test_neither_a_pipe_nor_no_color_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in said(monkeypatch, io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert said(monkeypatch, Terminal()).startswith("error: 'explian' is no verb")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["expl"], "explain\tSay why a task runs where it does, when it...\n:4\n"),
        (["list", "-o", "j"], "json\n:4\n"),
        (["nonsense", "x"], ":4\n"),
    ],
)
def test_kubectl_is_told_the_words_that_may_follow(
    words: list[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    completion.main(["__complete", *words], standalone_mode=False)
    assert capsys.readouterr().out == answer
