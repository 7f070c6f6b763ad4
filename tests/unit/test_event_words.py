"""What an Event says, and of what there is none."""

from typing import Any

import pytest
from tests.status_values import NOW, UNSURE, heavy, light, pool, run

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.cluster.event_wording import of_run, of_scaling, of_skip, of_status
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status import Condition, TaskStatus
from scheduledtask_operator.control.status_document import status_document
from scheduledtask_operator.decisions.scaling import ScaleDecision
from scheduledtask_workloads.contract import Reason, RunState
from scheduledtask_workloads.contract.messages import SlotsSkipped

BAD = Condition(False, ConditionReason.UNKNOWN_TASK, 'spec.task: "reprot" is not in the catalog; did you mean report?')


def document(status: TaskStatus) -> dict[str, Any]:
    return status_document(status, {}, NOW)


def said(before: TaskStatus | None, after: TaskStatus) -> list[tuple[str, str]]:
    known = document(before) if before else {}
    return [(str(words.reason), words.note) for words in of_status(known, document(after))]


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.ADMITTED, RunState.DISPATCHED, RunState.STARTED])
def test_a_run_that_goes_well_has_none(state: RunState) -> None:
    assert of_run(run(1, state), NOW) is None


def test_a_run_that_failed_says_how_after_how_long_and_in_which_attempt() -> None:
    words = of_run(run(1, RunState.FAILED, attempts=3, message="no such table"), NOW)

    assert words is not None
    assert words.reason == "RunFailed"
    assert words.note == "run report-1 ended in attempt 3 after 1s: Raised: no such table"


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (RunState.TIMED_OUT, "RunTimedOut"),
        (RunState.LOST, "RunLost"),
        (RunState.CANCELLED, "RunCancelled"),
        (RunState.SKIPPED, "SlotsSkipped"),
    ],
)
def test_each_other_end_has_its_reason(state: RunState, reason: str) -> None:
    words = of_run(run(1, state), NOW)

    assert words is not None
    assert words.reason == reason


def test_a_retry_says_when_the_next_attempt_is() -> None:
    waiting = run(0, RunState.WAITING, reason=Reason.HOST_LOST, ended_at=None, retry_at=NOW.timestamp() + 30)
    words = of_run(waiting, NOW)

    assert words is not None
    assert words.note == "attempt 1 of run report-0 ended: HostLost; the next one in 30s"


def test_skipped_slots_are_counted() -> None:
    skipped = SlotsSkipped(
        namespace="team", name="report", reason=Reason.OVERLAP, count=4, last_slot_epoch_seconds=int(NOW.timestamp())
    )
    words = of_skip(skipped)

    assert (words.note, words.times) == ("4 slots, the last of 2026-11-22T12:00:00Z skipped: Overlap", 4)


@pytest.mark.parametrize(("before", "desired", "reason"), [(0, 2, "PoolScaledUp"), (2, 0, "PoolScaledDown")])
def test_scaling_says_which_way_and_why(before: int, desired: int, reason: str) -> None:
    words = of_scaling(PoolKey("team", "report"), before, ScaleDecision(desired, "because"))

    assert (words.reason, words.note) == (reason, f"pool report: {before} -> {desired} workers: because")


def test_a_new_task_says_its_class_and_no_more() -> None:
    assert said(None, light()) == [("ClassDecided", "Light: runtime: 10m; light asks for under 5m")]


def test_a_class_that_changes_says_so() -> None:
    assert ("ClassChanged", "Light -> Heavy: runtime: 10m; light asks for under 5m") in said(light(), heavy())


def test_a_refused_one_says_what_is_wrong_and_a_mended_one_that_it_is_well() -> None:
    refused = light(condition=BAD, job=None, classification=None)

    assert said(None, refused) == [("NotReady", f"UnknownTask: {BAD.message}")]
    assert ("Ready", "Scheduled") in said(refused, light())


def test_a_catalog_that_is_awaited_is_no_event_but_its_arrival_is() -> None:
    pending = light(condition=UNSURE, job=None, classification=None)

    assert said(None, pending) == []
    assert ("Ready", "Scheduled") in said(pending, light())


def test_workers_that_do_not_start_say_why_and_later_that_they_do() -> None:
    stuck = heavy(pool=pool(problem="0/3 nodes are available: 3 Insufficient memory."))

    assert said(heavy(), stuck) == [("WorkersNotStarting", "0/3 nodes are available: 3 Insufficient memory.")]
    assert said(stuck, heavy()) == [("WorkersRecovered", "pool report: no problem any more")]


def test_a_conflict_in_a_pool_is_told() -> None:
    assert said(heavy(), heavy(pool=pool(conflict="another image"))) == [("PoolConflict", "another image")]


def test_what_did_not_change_is_not_told_again() -> None:
    assert said(heavy(pool=pool(problem="none fits")), heavy(pool=pool(problem="none fits", desired=2))) == []
