"""The operator with two thousand tasks on a real API server: all are written, and all are known again after a kill."""

import json

import pytest
from tests.bench import operator_scale

TASKS = 2000


@pytest.mark.long
def test_two_thousand_tasks_are_written_and_known_again(capsys: pytest.CaptureFixture[str]) -> None:
    """It ends when each status is written, and the scheduler holds each job again after the operator was killed."""
    measured = operator_scale.measure(TASKS)

    with capsys.disabled():
        print(f"\n{json.dumps(measured, indent=2)}")
    assert measured["tasks"] == TASKS
    assert measured["restart_seconds"] > 0
