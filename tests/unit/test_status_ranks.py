"""How urgent a change of a status is."""

from typing import Any

import pytest
from tests.status_values import NOW, UNSURE, ended, heavy, light, pool, run, runs

from scheduledtask_operator.cluster.status_rank import rank_of
from scheduledtask_operator.cluster.write_queue import Rank
from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_operator.control.status_document import status_document
from scheduledtask_workloads.contract import RunState


def document(status: TaskStatus) -> dict[str, Any]:
    return status_document(status, {}, NOW)


CHANGES = {
    "nothing": (light(), light(), None),
    "a new object": (None, light(), Rank.URGENT),
    "another generation": (light(generation=1), light(generation=2), Rank.URGENT),
    "another class": (light(), heavy(), Rank.URGENT),
    "not ready any more": (light(), light(condition=UNSURE), Rank.URGENT),
    "another beginning of its schedule": (light(), light(seen=None), Rank.URGENT),
    "a failure": (light(), light(runs=runs(ended(RunState.FAILED))), Rank.FAILURE),
    "another failure": (
        light(runs=runs(ended(RunState.FAILED))),
        light(runs=runs(ended(RunState.FAILED, RunState.FAILED))),
        Rank.FAILURE,
    ),
    "workers that do not start": (heavy(), heavy(pool=pool(problem="none fits")), Rank.FAILURE),
    "Redis away from all": (light(), light(redis_is_down=True), Rank.ROUTINE),
    "Redis back for all": (light(redis_is_down=True), light(), Rank.ROUTINE),
    "Redis in need of mending": (light(), light(redis_problem="WRONGPASS"), Rank.ROUTINE),
    "a failure while Redis is away": (
        light(redis_is_down=True),
        light(redis_is_down=True, runs=runs(ended(RunState.FAILED))),
        Rank.FAILURE,
    ),
    "a run that starts": (light(), light(runs=runs((), [run(1, RunState.STARTED)])), Rank.ROUTINE),
    "a run that succeeds": (light(), light(runs=runs(ended(RunState.SUCCEEDED))), Rank.ROUTINE),
    "more workers": (heavy(), heavy(pool=pool(desired=2)), Rank.ROUTINE),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_has_its_rank(name: str) -> None:
    before, after, rank = CHANGES[name]

    assert rank_of(document(before) if before else {}, document(after)) is rank
