"""Ready, Progressing, Degraded, and the one word for all of it."""

from datetime import timedelta
from typing import Any

import pytest
from tests.status_values import NOW, READY, UNSURE, ended, heavy, light, pool, run, runs

from scheduledtask_operator.api.conditions import REASON_NOTES, ConditionReason, ConditionType
from scheduledtask_operator.control.status import Condition, TaskStatus
from scheduledtask_operator.control.status_document import status_document
from scheduledtask_workloads.contract import Reason, RunState

SUSPENDED = Condition(True, ConditionReason.SUSPENDED, "spec.suspend is true")
BAD = Condition(False, ConditionReason.BAD_ARGUMENTS, "spec.arguments.days: -1 is less than 1; write 1 or more")
FAILED = run(1, RunState.FAILED, message="no such table")
CASES = [  # status, Ready, Progressing, Degraded, state
    (light(), "True Scheduled", "False Idle", "False AsExpected", "Scheduled"),
    (light(condition=SUSPENDED), "True Suspended", "False Idle", "False AsExpected", "Suspended"),
    (light(condition=UNSURE), "Unknown CatalogPending", "False Idle", "False AsExpected", "CatalogPending"),
    (light(condition=BAD), "False BadArguments", "False Idle", "False AsExpected", "BadArguments"),
    (
        light(runs=runs((), [run(1, RunState.STARTED)])),
        "True Scheduled",
        "True Running",
        "False AsExpected",
        "Running",
    ),
    (
        light(runs=runs((), [run(1, RunState.WAITING)])),
        "True Scheduled",
        "True RetryPending",
        "False AsExpected",
        "RetryPending",
    ),
    (light(runs=runs([FAILED])), "True Scheduled", "False Idle", "True RunsFailing", "RunsFailing"),
    (
        light(runs=runs([FAILED], [run(2, RunState.STARTED)])),
        "True Scheduled",
        "True Running",
        "True RunsFailing",
        "Running",
    ),
    (light(condition=SUSPENDED, runs=runs([FAILED])), "True Suspended", "False Idle", "True RunsFailing", "Suspended"),
    (
        heavy(pool=pool(desired=2, ready=1)),
        "True Scheduled",
        "True WorkersStarting",
        "False AsExpected",
        "WorkersStarting",
    ),
    (
        heavy(pool=pool(ready=0, problem="0/3 nodes are available: 3 Insufficient memory")),
        "True Scheduled",
        "True WorkersStarting",
        "True WorkersNotStarting",
        "WorkersNotStarting",
    ),
    (
        heavy(pool=pool(conflict="spec.worker.image: another")),
        "True Scheduled",
        "False Idle",
        "True PoolConflict",
        "PoolConflict",
    ),
    (
        light(redis_problem="Redis has maxmemory-policy allkeys-lru", runs=runs([FAILED])),
        "True Scheduled",
        "False Idle",
        "True RedisUnfit",
        "RedisUnfit",
    ),
    (
        light(redis_is_down=True, runs=runs([FAILED])),
        "True Scheduled",
        "False Idle",
        "True RedisDown",
        "RedisDown",
    ),
]


def conditions(
    status: TaskStatus, before: dict[str, Any] | None = None, minutes: float = 0
) -> dict[str, dict[str, Any]]:
    written = status_document(status, before or {}, NOW + timedelta(minutes=minutes))
    return {condition["type"]: condition for condition in written["conditions"]}


@pytest.mark.parametrize(("status", "ready", "progressing", "degraded", "state"), CASES)
def test_each_says_what_it_should(status: TaskStatus, ready: str, progressing: str, degraded: str, state: str) -> None:
    written = status_document(status, {}, NOW)

    said = [f"{condition['status']} {condition['reason']}" for condition in written["conditions"]]
    assert said == [ready, progressing, degraded]
    assert written["state"] == state


def test_a_redis_that_a_person_must_mend_is_told_as_that_alone() -> None:
    degraded = conditions(light(redis_problem="WRONGPASS", redis_is_down=True))["Degraded"]

    assert (degraded["reason"], degraded["message"]) == ("RedisUnfit", "WRONGPASS")


def test_until_the_scheduler_has_told_of_redis_what_a_status_says_of_it_stands() -> None:
    down, well = (status_document(light(redis_is_down=each), {}, NOW) for each in (True, False))

    assert status_document(light(redis_is_down=None), down, NOW) == down
    assert status_document(light(redis_is_down=None), well, NOW) == well
    assert conditions(light(redis_is_down=False), down)["Degraded"]["reason"] == "AsExpected"


def test_every_reason_of_the_list_can_be_said_or_is_said_by_the_loop() -> None:
    by_the_loop = {reason for reason, note in REASON_NOTES.items() if note.type is ConditionType.READY}
    here = {word.split()[1] for case in CASES for word in case[1:4]}

    assert set(REASON_NOTES) == set(ConditionReason)
    assert here | by_the_loop == set(REASON_NOTES)


def test_a_failing_task_says_how_often_in_a_row_and_why_the_last_time() -> None:
    history = [
        run(4, RunState.TIMED_OUT, message="took longer than 300s"),
        run(3, RunState.CANCELLED),
        run(2, RunState.FAILED),
        run(1, RunState.SUCCEEDED),
        run(0, RunState.FAILED),
    ]

    message = conditions(light(runs=runs(history)))["Degraded"]["message"]

    assert message == "the last 2 runs failed; report-4: TimedOut: TimeLimitExceeded: took longer than 300s"


def test_a_run_that_succeeds_ends_it() -> None:
    failing = status_document(light(runs=runs(ended(RunState.FAILED))), {}, NOW)
    recovered = light(runs=runs(ended(RunState.FAILED, RunState.SUCCEEDED)))

    assert conditions(recovered, failing)["Degraded"]["status"] == "False"


def test_all_that_is_wrong_stands_in_the_message() -> None:
    worker = pool(problem="0/3 nodes are available", conflict="another image")

    message = conditions(heavy(pool=worker, runs=runs([FAILED])))["Degraded"]["message"]

    assert "0/3 nodes are available" in message
    assert "no such table" in message
    assert "another image" in message


@pytest.mark.parametrize("condition", [BAD, UNSURE])
def test_one_that_is_refused_says_that_the_version_before_goes_on(condition: Condition) -> None:
    assert "the version before it stays in force" in conditions(light(condition=condition))["Ready"]["message"]
    assert conditions(light(condition=condition, job=None))["Ready"]["message"] == condition.message


def test_the_time_of_transition_is_when_the_status_changed_and_no_other() -> None:
    first = status_document(light(condition=READY), {}, NOW)
    same = conditions(light(condition=SUSPENDED), first, minutes=1)
    changed = conditions(light(condition=BAD), first, minutes=1)

    assert same["Ready"]["lastTransitionTime"] == "2026-11-22T12:00:00Z"
    assert changed["Ready"]["lastTransitionTime"] == "2026-11-22T12:01:00Z"
    assert changed["Degraded"]["lastTransitionTime"] == "2026-11-22T12:00:00Z"


def test_each_carries_the_generation_that_it_was_judged_by() -> None:
    assert {each["observedGeneration"] for each in conditions(light(generation=7)).values()} == {7}


def test_a_lost_host_is_named_by_its_reason() -> None:
    lost = run(1, RunState.LOST, reason=Reason.HOST_LOST, message="the lease of worker-a lapsed")

    assert "Lost: HostLost: the lease of worker-a lapsed" in conditions(light(runs=runs([lost])))["Degraded"]["message"]
