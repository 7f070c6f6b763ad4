"""Wherever CronJob accepts an expression, ours means the same; the answers of its parser are recorded beside this."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from scheduledtask_workloads.schedule import DstPolicy, ScheduleError, next_slot, parse_rule

ANSWERS = json.loads(Path(__file__).with_name("cronjob_answers.json").read_text())["answers"]


def called(answer: dict[str, Any]) -> str:
    return f"{answer['expression']} {answer['time_zone']} {answer['after']}"


@pytest.mark.parametrize("answer", [answer for answer in ANSWERS if answer["slots"] is not None], ids=called)
def test_the_next_slots_are_those_of_cronjob(answer: dict[str, Any]) -> None:
    rule = parse_rule(answer["expression"], time_zone=answer["time_zone"], dst_policy=DstPolicy.KUBERNETES)
    moment = datetime.fromisoformat(answer["after"])
    found = []
    for _ in answer["slots"]:
        following = next_slot(rule, moment)
        assert following is not None
        found.append(f"{following:%Y-%m-%dT%H:%M:%SZ}")
        moment = following

    assert found == answer["slots"]


@pytest.mark.parametrize("answer", [answer for answer in ANSWERS if answer["slots"] is None], ids=called)
def test_what_cronjob_refuses_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(ScheduleError):
        parse_rule(answer["expression"])
