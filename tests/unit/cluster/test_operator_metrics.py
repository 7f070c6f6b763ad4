"""What /metrics says: of each resource what it has now, of runs each once in all replicas."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.exposition import generate_latest
from tests.status_values import KEY, NOW, job, light, pool, run, runs

from scheduledtask_operator.cluster.metrics import Figures, Metrics
from scheduledtask_operator.control.keyed_queue import KeyedQueue
from scheduledtask_workloads.contract import Reason, RunRecord, RunState, TaskClass, TaskKey
from scheduledtask_workloads.contract.messages import SlotsSkipped

LED_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
OF_KEY = 'namespace="team",scheduledtask="report"'


@pytest.fixture
def metrics() -> Metrics:
    metrics = Metrics()
    metrics.leader_changed(True, LED_SINCE)
    metrics.show(Figures(KeyedQueue(), lambda: True, "the-lease"))
    return metrics


def text(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def value(metrics: Metrics, name: str) -> float | None:
    return metrics.registry.get_sample_value(name, {"namespace": KEY.namespace, "scheduledtask": KEY.name})


def ended(state: RunState, after_seconds: float = 5.0) -> RunRecord:
    at = (LED_SINCE + timedelta(seconds=after_seconds)).timestamp()
    return RunRecord(
        namespace="team", name="report", run_id="r", task_class=TaskClass.LIGHT, state=state, started_at=at, ended_at=at
    )


def test_a_resource_has_its_last_and_next_runs_and_leaves_nothing_when_it_goes(metrics: Metrics) -> None:
    last = run(1, RunState.FAILED)
    metrics.write(KEY, light(runs=runs([last, run(0)]), next_due=NOW))
    said = text(metrics)

    assert value(metrics, "scheduledtask_next_run_timestamp_seconds") == NOW.timestamp()
    assert value(metrics, "scheduledtask_last_run_timestamp_seconds") == last.started_at
    assert value(metrics, "scheduledtask_last_success_timestamp_seconds") == run(0).ended_at
    assert 'scheduledtask_last_outcome{namespace="team",outcome="Failed",scheduledtask="report"} 1.0' in said
    assert f"scheduledtask_suspended{{{OF_KEY}}} 0.0" in said

    metrics.forget(KEY)
    assert OF_KEY not in text(metrics)


def test_a_pool_that_is_shared_is_told_once_and_an_unknown_backlog_not_at_all(metrics: Metrics) -> None:
    for name in ("one", "other"):
        key = TaskKey("team", name)
        metrics.write(
            key, light(key=key, job=job(TaskClass.HEAVY, key), pool=pool(pool="big", desired=2, backlog=None))
        )
    said = text(metrics)

    assert said.count('scheduledtask_pool_desired{namespace="team",pool="big"} 2.0') == 1
    assert "scheduledtask_pool_depth{" not in said


def test_runs_are_counted_by_namespace_class_and_outcome(metrics: Metrics) -> None:
    metrics.run_changed(ended(RunState.SUCCEEDED))
    metrics.run_changed(ended(RunState.FAILED))
    metrics.run_changed(ended(RunState.STARTED))

    assert 'scheduledtask_runs_total{class="Light",namespace="team",outcome="Succeeded"} 1.0' in text(metrics)
    assert 'outcome="Failed"} 1.0' in text(metrics)
    assert "Started" not in text(metrics)


def test_what_ended_before_this_replica_led_was_counted_by_another(metrics: Metrics) -> None:
    metrics.history_read(ended(RunState.SUCCEEDED, after_seconds=-1))
    assert "Succeeded" not in text(metrics)

    metrics.leader_changed(False, LED_SINCE)
    metrics.run_changed(ended(RunState.SUCCEEDED))
    assert "Succeeded" not in text(metrics)


def test_slots_without_a_run_are_counted_by_reason(metrics: Metrics) -> None:
    metrics.slots_skipped(
        SlotsSkipped(namespace="team", name="report", reason=Reason.OVERLAP, count=3, last_slot_epoch_seconds=1)
    )

    assert 'scheduledtask_missed_runs_total{namespace="team",reason="Overlap"} 3.0' in text(metrics)


def test_a_scheduler_that_is_away_is_seen_where_no_status_can_say_it(metrics: Metrics) -> None:
    assert "scheduledtask_scheduler_connected 0.0" in text(metrics)

    metrics.scheduler_connected(True)

    assert "scheduledtask_scheduler_connected 1.0" in text(metrics)


def test_the_names_that_stock_dashboards_know_are_there(metrics: Metrics) -> None:
    metrics.measured("success", 0.002)

    for line in (
        'controller_runtime_reconcile_total{controller="scheduledtask",result="success"} 1.0',
        'controller_runtime_reconcile_time_seconds_bucket{controller="scheduledtask",le="0.0025"} 1.0',
        'workqueue_depth{name="scheduledtask"} 0.0',
        'workqueue_adds_total{name="scheduledtask"} 0.0',
        'workqueue_retries_total{name="scheduledtask"} 0.0',
        'leader_election_master_status{name="the-lease"} 1.0',
    ):
        assert line in text(metrics)
