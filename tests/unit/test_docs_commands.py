"""Commands in the docs: their verbs and options exist, and those that are quick and need no cluster do what is said."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.docs_blocks import ROOT, blocks, commands, inline_code
from tests.documented_commands import BY_THE_PROGRAM, run_by

from scheduledtask_operator.cli import scheduledtask
from scheduledtask_operator.plugin import scheduledtask as plugin

_TARGET = re.compile(r"^([a-z0-9-]+):", re.MULTILINE)


def _of(program: str) -> list[tuple[str, str]]:
    """Place and arguments of each call of the program; variables before it are left out."""
    call = re.compile(rf"^(?:\w+=\S+ |source <\()*{program} (.*?)\)?$")
    return [(place, found[1]) for place, line in commands() if (found := call.match(line))]


def _parse(group: click.Group, line: str) -> None:
    """Raises click.UsageError when the verb, an option or an argument is none; nothing is run."""
    verb, *arguments = shlex.split(line.removesuffix(" …"))
    command = group.get_command(click.Context(group), verb)
    assert command is not None, f"there is no verb {verb}"
    command.make_context(verb, arguments, resilient_parsing=line.endswith("…"))


@pytest.mark.parametrize(("place", "line"), _of("scheduledtask"))
def test_scheduledtask_knows_the_verb_and_its_options(
    place: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets").mkdir()  # a page has a folder of that name
    monkeypatch.chdir(tmp_path)
    _parse(scheduledtask, line)


@pytest.mark.parametrize(("place", "line"), _of("kubectl scheduledtask"))
def test_the_plugin_knows_the_verb_and_its_options(place: str, line: str) -> None:
    _parse(plugin, line)


@pytest.mark.parametrize(("place", "line"), _of("make"))
def test_make_knows_the_target(place: str, line: str) -> None:
    targets = _TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert line.split()[0] in targets


@pytest.mark.parametrize(("program", "group"), [("scheduledtask", scheduledtask), ("kubectl scheduledtask", plugin)])
def test_what_sentences_and_tables_name_exists(program: str, group: click.Group) -> None:
    named = [(page, text.removeprefix(f"{program} ")) for page, text in inline_code() if text.startswith(f"{program} ")]
    assert named
    for page, line in named:
        verb, *words = shlex.split(line.translate({ord(each): None for each in "[]…"}))
        command = group.get_command(click.Context(group), verb)
        assert command is not None, f"{page}: {line}"
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word.split("=")[0] for word in words if word.startswith("-")} <= known, f"{page}: {line}"


def test_each_target_that_sentences_and_tables_name_exists() -> None:
    targets = _TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    named = {text.split()[1] for _, text in inline_code() if re.match(r"make [a-z]", text)}
    assert named
    assert named <= set(targets)


def test_an_option_that_is_none_is_noticed() -> None:
    with pytest.raises(click.UsageError):
        _parse(scheduledtask, "next '* * * * *' --time-zone UTC")


@pytest.mark.parametrize("line", [text.removeprefix("scheduledtask ") for text in run_by(BY_THE_PROGRAM)])
def test_what_is_quick_and_local_succeeds(line: str, tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(_hello(), encoding="utf-8")
    assert _run(line, tmp_path)


@pytest.mark.parametrize(
    "printed", [block.text for block in blocks("console") if block.text.startswith("$ scheduledtask next")]
)
def test_slots_are_those_that_the_page_shows(printed: str, tmp_path: Path) -> None:
    for call in printed.removeprefix("$ scheduledtask ").split("\n$ scheduledtask "):
        line, *shown = call.strip().splitlines()
        assert _run(line.split("  #")[0], tmp_path).split() == [each.split("  #")[0].strip() for each in shown]


def _hello() -> str:
    return next(block.text for block in blocks("yaml") if block.place.startswith("docs/getting-started.md"))


def _run(line: str, folder: Path) -> str:
    command = [sys.executable, "-m", "scheduledtask_operator.cli", *shlex.split(line)]
    environment = os.environ | {"NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=True
    ).stdout
