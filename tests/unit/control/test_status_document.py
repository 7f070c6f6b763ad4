"""What a status says of a task: its class, its times, its runs, its workers."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.status_values import KEY, NOW, READY, UNSURE, ended, heavy, light, pool, run, runs, seen

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.api.status import ScheduledTaskStatus
from scheduledtask_operator.cluster.memory import written_in
from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_operator.control.status import Condition, HistoryLimits, TaskStatus
from scheduledtask_operator.control.status_document import status_document
from scheduledtask_workloads.contract import Reason, RunRecord, RunState

SUCCEEDED, FAILED = RunState.SUCCEEDED, RunState.FAILED


def document(status: TaskStatus, before: dict[str, Any] | None = None) -> dict[str, Any]:
    return status_document(status, before or {}, NOW)


def beginning(written: dict[str, Any], created_at: datetime) -> FirstSeen | None:
    """As it is read from the object after a restart."""
    return written_in({"metadata": {"creationTimestamp": created_at.isoformat()}, "status": written})


def outcomes(written: dict[str, Any]) -> list[str]:
    return [each["outcome"] for each in written.get("history", [])]


def test_a_light_task_has_its_class_with_every_criterion_and_its_next_run() -> None:
    written = document(light())

    assert written["class"] == "Light"
    assert written["classReasons"] == [{"name": "runtime", "found": "10m", "limit": "under 5m", "holds": True}]
    assert written["nextRunTime"] == "2026-11-22T12:00:00Z"
    assert written["observedGeneration"] == 1
    assert "worker" not in written


def test_a_heavy_task_says_how_large_its_workers_are_and_why() -> None:
    worker = document(heavy())["worker"]

    assert worker["memoryRequest"] == "8.09Gi"
    assert worker["memoryLimit"] == "11.2Gi"
    assert worker["cpuRequest"] == "1050m"
    assert worker["runsPerPod"] == 1
    assert any("8Gi (profile.memory)" in reason for reason in worker["reasons"])
    assert worker["scaleReason"] == "1 run(s) waiting or running"
    assert (worker["desired"], worker["ready"], worker["backlog"]) == (1, 1, 0)


def test_a_backlog_that_is_unknown_is_left_out() -> None:
    assert "backlog" not in document(heavy(pool=pool(backlog=None)))["worker"]


def test_each_kind_of_run_is_kept_up_to_its_limit_newest_first() -> None:
    history = ended(FAILED, SUCCEEDED, SUCCEEDED, FAILED, SUCCEEDED, FAILED, SUCCEEDED)
    written = document(light(runs=runs(history), history_limits=HistoryLimits(successful=2, failed=1)))

    assert [(each["run"], each["outcome"]) for each in written["history"]] == [
        ("report-6", "Succeeded"),
        ("report-5", "Failed"),
        ("report-4", "Succeeded"),
    ]


def test_without_a_history_the_last_run_is_still_told() -> None:
    written = document(light(runs=runs(ended(SUCCEEDED)), history_limits=HistoryLimits(0, 0)))

    assert "history" not in written
    assert written["lastRun"]["outcome"] == "Succeeded"


def test_the_times_are_of_the_newest_run_of_each_kind() -> None:
    written = document(light(runs=runs(ended(SUCCEEDED, FAILED, SUCCEEDED), [run(3, RunState.STARTED)])))

    assert written["lastSuccessTime"] == "2026-11-22T12:02:01Z"
    assert written["lastFailureTime"] == "2026-11-22T12:01:01Z"
    assert written["lastScheduleTime"] == "2026-11-22T12:03:00Z"


@pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.SKIPPED])
def test_a_run_that_was_cancelled_or_skipped_is_no_failure(state: RunState) -> None:
    written = document(light(runs=runs(ended(state))))

    assert "lastFailureTime" not in written
    assert outcomes(written) == [state]


def test_what_the_ledger_no_longer_has_stands_as_it_was_written() -> None:
    before = document(light(runs=runs(ended(FAILED, SUCCEEDED))))
    later = tuple(run(number) for number in (9, 8, 7))

    written = document(light(runs=runs(later)), before)

    assert outcomes(written) == ["Succeeded", "Succeeded", "Succeeded", "Failed"]
    assert written["lastFailureTime"] == before["lastFailureTime"]


def test_a_run_that_is_known_again_stands_once() -> None:
    history = ended(FAILED, SUCCEEDED)
    before = document(light(runs=runs(history)))

    assert document(light(runs=runs(history)), before) == before


def test_after_a_restart_what_is_not_known_yet_stands_as_it_was() -> None:
    before = document(heavy(runs=runs(ended(FAILED), [run(1, RunState.STARTED)]), pool=pool(problem="0/3 nodes")))

    written = document(heavy(runs=runs(told=False), pool=None), before)

    assert written == before


def test_once_the_scheduler_has_told_its_runs_those_that_are_gone_are_gone() -> None:
    before = document(light(runs=runs((), [run(1, RunState.STARTED)])))

    assert "active" not in document(light(runs=runs(told=True)), before)


def test_a_class_stands_while_its_catalog_is_awaited() -> None:
    before = document(heavy())

    written = document(heavy(condition=UNSURE, classification=None, job=None, pool=None), before)

    assert (written["class"], written["worker"]) == (before["class"], before["worker"])


def test_the_workers_go_when_the_task_becomes_light() -> None:
    assert "worker" not in document(light(), document(heavy()))


def test_an_active_run_names_its_attempt_its_host_and_its_retry() -> None:
    waiting = run(1, RunState.WAITING, attempts=2, host="worker-a", retry_at=NOW.timestamp() + 90)

    assert document(light(runs=runs((), [waiting])))["active"] == [
        {
            "run": "report-1",
            "slotTime": "2026-11-22T12:01:00Z",
            "attempt": 2,
            "state": "Waiting",
            "startTime": "2026-11-22T12:01:00Z",
            "retryTime": "2026-11-22T12:01:30Z",
            "host": "worker-a",
        }
    ]


def test_observed_is_the_95th_percentile_and_the_peak() -> None:
    history = [
        run(number, ended_at=NOW.timestamp() + 60 * number + seconds, started_at=NOW.timestamp() + 60 * number)
        for number, seconds in enumerate([10.0] * 19 + [60.0])
    ]
    history[3] = history[3].model_copy(update={"peak_memory_bytes": 300 * 1024**2})

    observed = document(heavy(runs=runs(history[::-1]), pool=pool(startup_seconds=3.5)))["observed"]

    assert observed == {"runs": 20, "duration": "57.5s", "memory": "300Mi", "startup": "3.5s"}


def test_the_schedules_beginning_survives_a_restart() -> None:
    assert beginning(document(light(seen=seen())), NOW) == seen()


def test_neither_arguments_nor_output_nor_result_are_told() -> None:
    secret = "hunter2"  # noqa: S105 - what must not be told
    told = heavy(runs=runs([run(1, FAILED, output=secret, result=secret)]))
    with_arguments = told.job.model_copy(update={"arguments": {"password": secret}}) if told.job else None

    assert secret not in json.dumps(document(heavy(runs=told.runs, job=with_arguments)))


def test_a_status_stays_small_whatever_it_has_to_tell() -> None:
    noise = "é" * 10_000 + "\ud800\n"
    history = [run(number, FAILED, reason=Reason.RAISED, message=noise) for number in range(250)][::-1]
    active = [run(number, RunState.STARTED) for number in range(10_000)]
    crowded = heavy(
        condition=Condition(False, ConditionReason.BAD_MANIFEST, noise),
        runs=runs(history, active),
        pool=pool(problem=noise, conflict=noise, reason=noise),
        history_limits=HistoryLimits(100, 100),
    )

    assert len(json.dumps(document(crowded), ensure_ascii=False).encode()) < 250_000


states = st.sampled_from(list(RunState))
texts = st.text(max_size=40)


@st.composite
def records(draw: st.DrawFn) -> RunRecord:
    state = draw(states)
    return run(
        draw(st.integers(0, 400)),
        state,
        attempts=draw(st.integers(0, 5)),
        message=draw(texts),
        host=draw(texts),
        started_at=draw(st.none() | st.floats(0, 4e9)),
        ended_at=draw(st.floats(0, 4e9)) if state.final else None,
        peak_memory_bytes=draw(st.none() | st.integers(0, 2**40)),
    )


@st.composite
def statuses(draw: st.DrawFn) -> TaskStatus:
    told = draw(st.lists(records(), max_size=7, unique_by=lambda record: record.run_id))
    active = [record for record in told if not record.state.final]
    history = sorted((record for record in told if record.state.final), key=lambda record: -(record.ended_at or 0))
    of_class = draw(st.sampled_from([light, heavy]))
    fields: dict[str, Any] = {
        "condition": draw(
            st.sampled_from([READY, UNSURE, Condition(False, ConditionReason.BAD_ARGUMENTS, draw(texts))])
        ),
        "generation": draw(st.none() | st.integers(1, 100)),
        "runs": runs(history, active, told=draw(st.booleans())),
        "next_due": draw(st.none() | st.just(NOW)),
        "seen": draw(st.none() | st.just(seen())),
        "history_limits": HistoryLimits(draw(st.integers(0, 2)), draw(st.integers(0, 2))),
    }
    if of_class is heavy:
        problems = {"problem": draw(texts), "conflict": draw(texts), "desired": draw(st.integers(0, 3))}
        fields["pool"] = draw(st.none() | st.just(pool(**problems)))
    return of_class(**fields)


@given(statuses(), statuses())
def test_every_status_fits_the_models_and_says_the_same_when_nothing_changed(
    earlier: TaskStatus, status: TaskStatus
) -> None:
    """Else it would be written again and again."""
    written = document(status, document(earlier))

    known = ScheduledTaskStatus.model_validate_json(json.dumps(written))
    assert [str(condition.type) for condition in known.conditions] == ["Ready", "Progressing", "Degraded"]
    assert document(status, json.loads(json.dumps(written))) == written
    assert len(known.history) <= status.history_limits.successful + status.history_limits.failed


@given(
    st.datetimes(min_value=NOW.replace(tzinfo=None), timezones=st.just(NOW.tzinfo)).filter(lambda at: at.year < 3000)
)
def test_a_beginning_loses_nothing_but_the_part_of_a_second(at: Any) -> None:
    """Slots are whole seconds, so none comes between."""
    read = beginning(document(light(seen=seen(at))), at)

    assert read == FirstSeen(at, at.replace(microsecond=0), seen().rule, False)


def test_the_key_is_not_part_of_it() -> None:
    assert KEY.namespace not in json.dumps(document(light()))
