"""What of a run's output is kept, which run is meant, and whose token is shown."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.status_values import KEY, run

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.cluster.output_book import ENTRY_CHARACTERS, OutputBook
from scheduledtask_operator.plugin.logs import chosen
from scheduledtask_operator.plugin.run_view import run_lines
from scheduledtask_operator.plugin.tokens import token_of
from scheduledtask_workloads.contract import RunState
from scheduledtask_workloads.contract.messages import RunChanged, TaskHistory


def book(*outputs: str, limit: int = 10_000) -> OutputBook:
    made = OutputBook(limit)
    for number, output in enumerate(outputs):
        made.hear(RunChanged(record=run(number, output=output)))
    return made


def text(outputs: OutputBook, number: int) -> str | None:
    kept = outputs.of(KEY, f"{KEY.name}-{number}")
    return None if kept is None else kept.text


def test_those_that_were_told_last_stay_when_there_is_no_room() -> None:
    outputs = book("a" * 4_000, "b" * 4_000, "c" * 4_000)

    assert (text(outputs, 0), text(outputs, 1), text(outputs, 2)) == (None, "b" * 4_000, "c" * 4_000)


@given(st.lists(st.integers(0, 3_000), max_size=30))
def test_no_more_is_kept_than_there_is_room_for(lengths: list[int]) -> None:
    outputs = book(*("x" * length for length in lengths))

    kept = [found for number in range(len(lengths)) if (found := text(outputs, number)) is not None]
    assert sum(len(each) + ENTRY_CHARACTERS for each in kept) <= 10_000


def test_the_ledgers_shorter_copy_does_not_replace_what_was_told() -> None:
    outputs = book("a long output")
    outputs.hear(TaskHistory(namespace=KEY.namespace, name=KEY.name, records=(run(0, output="output"),)))
    assert text(outputs, 0) == "a long output"


def test_a_new_leader_has_what_the_ledger_kept() -> None:
    outputs = OutputBook()
    outputs.hear(TaskHistory(namespace=KEY.namespace, name=KEY.name, records=(run(1), run(0, output="kept"))))
    assert (text(outputs, 0), text(outputs, 1)) == ("kept", "")


def test_of_a_run_that_goes_on_an_earlier_attempt_is_kept_and_else_nothing() -> None:
    outputs = OutputBook()
    outputs.hear(RunChanged(record=run(0, RunState.STARTED)))
    outputs.hear(RunChanged(record=run(1, RunState.WAITING, output="it broke")))
    outputs.hear(RunChanged(record=run(1, RunState.STARTED, attempts=2)))

    assert (text(outputs, 0), text(outputs, 1)) == (None, "it broke")


def task() -> dict[str, Any]:
    active = [{"run": "report-9", "state": "Started"}]
    history = [{"run": "report-8", "outcome": "Succeeded", "completionTime": "2026-11-22T12:00:00Z"}]
    return {"metadata": {"name": "report"}, "spec": {}, "status": {"active": active, "history": history}}


def test_the_latest_run_is_meant_where_none_is_named() -> None:
    lines = run_lines(task(), [])

    latest, named = chosen(lines, "", "report"), chosen(lines, "report-8", "report")
    assert (latest and latest.run, named and named.run) == ("report-9", "report-8")
    assert chosen(lines, "report-1", "report") is None
    with pytest.raises(CommandProblem, match="no run of report is known yet"):
        chosen([], "", "report")


def test_a_token_is_taken_from_where_the_kubeconfig_says(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("of-a-file\n")
    said = json.dumps({"status": {"token": "of-a-program"}})
    program = {"command": sys.executable, "args": ["-c", f"print({said!r})"], "env": None}

    assert token_of({"token": "itself"}) == "itself"
    assert token_of({"tokenFile": str(file)}) == "of-a-file"
    assert token_of({"exec": program}) == "of-a-program"
    assert token_of({"client-certificate-data": "x"}) == ""


@pytest.mark.parametrize("user", [{"tokenFile": "/nowhere"}, {"exec": {"command": "/nowhere"}}])
def test_a_token_that_cannot_be_had_is_said_in_one_line(user: dict[str, Any]) -> None:
    with pytest.raises(CommandProblem, match="of your kubeconfig"):
        token_of(user)
