"""What is done about a ScheduledTaskRun, from the object, what was heard of its run, and the time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.api import ScheduledTaskRun, ScheduledTaskRunStatus
from scheduledtask_operator.decisions.requests import (
    ASK_AGAIN_SECONDS,
    MISSING_SECONDS,
    Decision,
    Refusal,
    Situation,
    TaskView,
    decide,
)
from scheduledtask_workloads.contract import Reason, RunRecord, RunState, TaskClass

MADE = datetime(2026, 11, 22, 12, tzinfo=UTC)
READY = TaskView(exists=True)
OVERLAP = Refusal(Reason.OVERLAP, "1 active already", final=False)
WAITING = ScheduledTaskRunStatus(state="Pending")


def after(seconds: float) -> datetime:
    return MADE + timedelta(seconds=seconds)


def the_run(**spec: Any) -> ScheduledTaskRun:
    metadata = {"name": "now", "namespace": "team", "uid": "1", "creationTimestamp": MADE}
    head = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTaskRun", "metadata": metadata}
    return ScheduledTaskRun.model_validate({**head, "spec": {"scheduledTask": "report", **spec}})


def situation(**fields: Any) -> Situation:
    given = {"run": the_run(), "status": ScheduledTaskRunStatus(), "record": None, "task": READY, "noticed_at": MADE}
    return Situation(**{**given, **fields})


def record(state: RunState, **fields: Any) -> RunRecord:
    known = {"namespace": "team", "name": "report", "run_id": the_run().run_id, "task_class": TaskClass.LIGHT}
    return RunRecord(**{**known, "state": state, "attempts": 1, **fields})


def conditions(decision: Decision) -> dict[str, str]:
    return {condition.type: condition.status for condition in decision.status.conditions}


# --- asking


def test_a_new_one_is_asked_for_at_once_and_nothing_is_written_yet() -> None:
    decision = decide(situation(), MADE)

    assert (decision.ask, decision.status) == (True, ScheduledTaskRunStatus())


def test_one_that_was_asked_for_is_left_alone_for_a_moment_and_then_asked_for_again() -> None:
    asked = situation(asked_at=MADE)

    early, late = decide(asked, after(1)), decide(asked, after(ASK_AGAIN_SECONDS))

    assert (early.ask, early.again_seconds) == (False, ASK_AGAIN_SECONDS - 1)
    assert late.ask
    assert late.status.message == "waiting: the scheduler was asked for it, and does not answer"


def test_while_another_run_is_active_it_waits_and_says_so() -> None:
    decision = decide(situation(asked_at=MADE, refusal=OVERLAP), after(1))

    assert not decision.ask
    assert (decision.status.state, decision.status.reason) == ("Pending", "Overlap")
    assert decision.status.message == "waiting: another run is active; 1 active already"
    assert conditions(decision) == {"Complete": "False", "Failed": "False"}
    assert decide(situation(asked_at=MADE, refusal=OVERLAP), after(ASK_AGAIN_SECONDS)).ask
    assert decide(situation(asked_at=None, refusal=OVERLAP), after(1)).ask, "prompted by another run's end"


def test_out_of_turn_it_is_not_asked_for() -> None:
    decision = decide(situation(in_turn=False), after(1))

    assert not decision.ask
    assert decision.status.message == "waiting: earlier requests come first"


def test_a_scheduled_task_that_is_not_in_order_is_awaited() -> None:
    decision = decide(situation(task=TaskView(True, "waiting: its catalog is read")), after(1000))

    assert not decision.ask
    assert (decision.status.reason, decision.status.message) == ("NotReady", "waiting: its catalog is read")


# --- refusing


def test_a_scheduled_task_that_does_not_exist_is_awaited_for_half_a_minute() -> None:
    missing = situation(task=TaskView(exists=False))

    soon, late = decide(missing, after(MISSING_SECONDS - 1)), decide(missing, after(MISSING_SECONDS))

    assert (soon.status.state, soon.status.message) == ("Pending", "there is no ScheduledTask team/report yet")
    assert (late.status.outcome, late.status.reason) == ("Refused", "UnknownScheduledTask")
    assert conditions(late) == {"Complete": "False", "Failed": "True"}


def test_half_a_minute_counts_from_when_somebody_looks() -> None:
    """An operator that comes back may see the request before the ScheduledTask."""
    missing = situation(task=TaskView(exists=False), noticed_at=after(1000))

    assert decide(missing, after(1001)).status.outcome is None


def test_arguments_that_the_task_does_not_take_are_refused() -> None:
    decision = decide(situation(task=TaskView(True, argument_problems=("spec.arguments.a: is no number",))), MADE)

    assert (decision.status.outcome, decision.status.reason) == ("Refused", "BadArguments")
    assert decision.status.message == "spec.arguments.a: is no number"
    assert not decision.ask


def test_an_object_that_cannot_be_read_is_refused() -> None:
    decision = decide(situation(problem="spec.arguments: secretKeyRef is not supported yet"), MADE)

    assert (decision.status.outcome, decision.status.reason) == ("Refused", "BadRequest")


def test_past_its_starting_deadline_it_is_refused_with_what_kept_it() -> None:
    late = situation(task=TaskView(True, deadline_seconds=60), asked_at=after(58), refusal=OVERLAP)

    assert decide(late, after(60)).status.outcome is None
    assert decide(late, after(61)).status.reason == "StartingDeadlineExceeded"
    assert "1 active already" in str(decide(late, after(61)).status.message)


def test_a_request_without_an_answer_is_not_given_up_as_it_may_be_admitted() -> None:
    unanswered = situation(task=TaskView(True, deadline_seconds=60), asked_at=after(58))

    assert decide(unanswered, after(61)).status.outcome is None


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (Reason.DEADLINE, "Refused"),
        (Reason.CANCELLED, "Cancelled"),
        (Reason.RECORD_GONE, "Lost"),
    ],
)
def test_a_final_refusal_ends_it(reason: Reason, outcome: str) -> None:
    decision = decide(situation(asked_at=MADE, refusal=Refusal(reason, "so it is", final=True)), after(1))

    assert (decision.status.outcome, decision.status.reason, decision.status.message) == (outcome, reason, "so it is")
    assert decision.status.completion_time == after(1)


# --- while it runs


@pytest.mark.parametrize("state", [state for state in RunState if not state.final])
def test_a_run_in_flight_is_shown_as_far_as_it_is(state: RunState) -> None:
    decision = decide(situation(record=record(state, started_at=MADE.timestamp() + 0.5)), after(1))

    assert (decision.status.state, decision.status.outcome, decision.status.attempts) == (state, None, 1)
    assert decision.status.start_time == MADE
    assert conditions(decision) == {"Complete": "False", "Failed": "False"}
    assert [decision.ask, decision.cancel, decision.delete] == [False, False, False]


def test_between_two_attempts_it_says_how_the_last_one_ended() -> None:
    waiting = record(RunState.WAITING, reason=Reason.RAISED, message="ValueError:\nbad")

    assert decide(situation(record=waiting), after(1)).status.message == (
        "it waits for its next attempt; the last one: Raised: ValueError: bad"
    )


def test_one_that_was_in_flight_before_a_restart_is_asked_after_and_keeps_its_status() -> None:
    """The same run asked for again is answered by how it stands."""
    started = ScheduledTaskRunStatus(state="Started", attempts=2)

    decision = decide(situation(status=started, task=TaskView(True, deadline_seconds=1), in_turn=True), after(100))

    assert (decision.ask, decision.status) == (True, started)


def test_a_run_of_which_nothing_is_heard_is_lost_with_its_scheduled_task() -> None:
    started = situation(status=ScheduledTaskRunStatus(state="Started", attempts=2), task=TaskView(exists=False))

    assert decide(started, after(1)).status.outcome is None
    decision = decide(started, after(MISSING_SECONDS))
    assert (decision.status.outcome, decision.status.attempts) == ("Lost", 2)


# --- when it has ended


@pytest.mark.parametrize(
    ("state", "outcome", "condition"),
    [
        (RunState.SUCCEEDED, "Succeeded", "Complete"),
        (RunState.FAILED, "Failed", "Failed"),
        (RunState.TIMED_OUT, "TimedOut", "Failed"),
        (RunState.CANCELLED, "Cancelled", "Failed"),
        (RunState.LOST, "Lost", "Failed"),
    ],
)
def test_an_end_is_an_outcome_and_a_condition(state: RunState, outcome: str, condition: str) -> None:
    ended = record(state, ended_at=after(5).timestamp(), result={"a": 1}, reason=Reason.COMPLETED)

    decision = decide(situation(record=ended), after(6))

    assert (decision.status.state, decision.status.outcome) == ("Ended", outcome)
    assert (decision.status.completion_time, decision.status.result) == (after(5), {"a": 1})
    assert [kind for kind, status in conditions(decision).items() if status == "True"] == [condition]


def test_a_result_that_is_too_large_is_spoken_of() -> None:
    decision = decide(situation(record=record(RunState.SUCCEEDED, result="x" * 5000)), MADE)

    assert decision.status.result is None
    assert "5002 bytes" in str(decision.status.message)


def test_after_its_time_it_is_deleted() -> None:
    ended = ScheduledTaskRunStatus(state="Ended", outcome="Succeeded", completion_time=after(10))
    known = situation(run=the_run(ttlSecondsAfterFinished=60), status=ended)

    assert (decide(known, after(60)).delete, decide(known, after(60)).again_seconds) == (False, 10)
    assert decide(known, after(70)).delete


def test_a_run_that_was_given_up_and_starts_all_the_same_is_cancelled() -> None:
    refused = ScheduledTaskRunStatus(state="Ended", outcome="Refused", completion_time=MADE)

    decision = decide(situation(status=refused, record=record(RunState.STARTED)), after(5000))

    assert (decision.cancel, decision.delete, decision.status) == (True, False, refused)


def test_a_condition_keeps_the_time_of_its_transition() -> None:
    first = decide(situation(record=record(RunState.ADMITTED)), after(1)).status
    second = decide(situation(status=first, record=record(RunState.STARTED)), after(9)).status
    last = decide(situation(status=second, record=record(RunState.SUCCEEDED)), after(20)).status

    times = [[condition.last_transition_time for condition in status.conditions] for status in (first, second, last)]
    assert times == [[after(1), after(1)], [after(1), after(1)], [after(20), after(1)]]


# --- always

STATES = st.sampled_from(RunState)
VIEWS = st.builds(
    TaskView,
    exists=st.booleans(),
    waits_for=st.sampled_from(["", "waiting"]),
    deadline_seconds=st.sampled_from([None, 1, 60]),
    argument_problems=st.sampled_from([(), ("bad",)]),
)
REFUSALS = st.builds(Refusal, reason=st.sampled_from(Reason), message=st.text(max_size=5), final=st.booleans())
SITUATIONS = st.builds(
    situation,
    record=st.none() | st.builds(record, STATES, message=st.text(max_size=2000), result=st.integers() | st.text()),
    task=VIEWS,
    refusal=st.none() | REFUSALS,
    asked_at=st.none() | st.just(after(5)),
    in_turn=st.booleans(),
    problem=st.sampled_from(["", "bad"]),
    status=st.sampled_from([ScheduledTaskRunStatus(), WAITING, ScheduledTaskRunStatus(state="Started")]),
)
TIMES = st.floats(0, 10_000).map(after)


@given(SITUATIONS, TIMES)
def test_what_was_decided_is_decided_again(case: Situation, now: datetime) -> None:
    """So nothing is written twice."""
    first = decide(case, now)
    second = decide(replace(case, status=first.status), now)

    assert second.status == first.status


@given(SITUATIONS, TIMES)
def test_what_is_written_reads_back_as_the_same(case: Situation, now: datetime) -> None:
    status = decide(case, now).status

    assert ScheduledTaskRunStatus.model_validate(status.model_dump(mode="json", by_alias=True)) == status


@given(SITUATIONS, TIMES)
def test_at_most_one_condition_is_true_and_only_at_the_end(case: Situation, now: datetime) -> None:
    status = decide(case, now).status
    true = [condition.type for condition in status.conditions if condition.status == "True"]

    assert len(true) == (1 if status.ended else 0)


@given(SITUATIONS, TIMES)
def test_nothing_is_asked_for_that_has_ended_is_known_or_does_not_exist(case: Situation, now: datetime) -> None:
    decision = decide(case, now)

    if decision.ask:
        assert not decision.status.ended
        assert case.record is None
        assert case.task.exists


@given(SITUATIONS, TIMES)
def test_whatever_is_not_settled_is_looked_at_again(case: Situation, now: datetime) -> None:
    """A run in flight is looked at when something is heard of it."""
    decision = decide(case, now)

    in_flight = case.record is not None and not case.record.state.final
    assert in_flight or decision.again_seconds is not None


# --- its namespace is paused


def test_in_a_paused_namespace_it_is_refused() -> None:
    paused = TaskView(exists=True, is_paused=True)

    for refusal in (None, OVERLAP):
        decision = decide(situation(task=paused, refusal=refusal), MADE)

        assert (decision.ask, decision.status.outcome, decision.status.reason) == (False, "Refused", "NamespacePaused")
        assert decision.status.message == "namespace team is paused; ask again when it is not any more"


def test_what_was_admitted_or_may_just_be_goes_on_in_a_paused_namespace() -> None:
    paused = TaskView(exists=True, is_paused=True)

    assert decide(situation(task=paused, asked_at=MADE), after(1)).status.outcome is None
    assert decide(situation(task=paused, record=record(RunState.STARTED)), after(1)).status.state == "Started"
