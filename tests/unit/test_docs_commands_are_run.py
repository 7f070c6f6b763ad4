"""No command of the docs is there that nobody runs: a new one is run by a test, or somebody says who else does."""

import re

import pytest
from tests.docs_blocks import ROOT, commands, fences
from tests.documented_commands import NOT_RUN, RUN, Way

LANGUAGES = {"sh", "console", "yaml", "python", "toml", "dockerfile", "lua"}


def _ways(command: str) -> list[Way]:
    return [way for way in (*RUN, *NOT_RUN) if re.match(way.pattern, command)]


@pytest.mark.parametrize(("place", "command"), commands())
def test_each_command_is_run_by_a_test_or_somebody_said_why_not(place: str, command: str) -> None:
    assert len(_ways(command)) == 1, f"{place}: {command}: name it in tests/documented_commands.py, once"


def test_a_command_that_is_new_is_noticed() -> None:
    for new in ("kubectl-neat get stask", "scheduledtask inventory -f examples", "make bench", "redis-cli ping"):
        assert not _ways(new)


@pytest.mark.parametrize("way", [*RUN, *NOT_RUN], ids=lambda way: way.pattern)
def test_what_is_said_of_commands_is_of_some_that_are_there(way: Way) -> None:
    assert [text for _, text in commands() if re.match(way.pattern, text)]
    assert (ROOT / way.test).is_file()


def test_what_tests_run_they_take_from_the_table() -> None:
    for test in {way.test for way in RUN}:
        assert "run_by(" in (ROOT / test).read_text(encoding="utf-8"), test


def test_each_block_has_a_known_language_and_none_is_indented() -> None:
    """One that is, or a shell by another name, would be overlooked."""
    assert not [(page, language) for page, indent, language in fences() if indent or language not in LANGUAGES]


def test_a_command_has_its_input_with_it() -> None:
    (made,) = [text for place, text in commands() if place.startswith("docs/runs.md") and " create -f - " in text]
    assert made.splitlines()[1:3] == ["apiVersion: scheduledtask.dev/v1alpha1", "kind: ScheduledTaskRun"]
    assert made.endswith("\nEOT")
