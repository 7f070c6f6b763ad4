"""What /metrics says: of each resource what it has now, of runs each once in all replicas."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.metrics_page import OPERATOR, described, exposed
from tests.status_values import KEY, NOW, heavy, job, light, pool, run, runs

from scheduledtask_operator.cluster.metrics import Figures, Metrics
from scheduledtask_operator.cluster.observed_status import ObservedStatus
from scheduledtask_operator.control.keyed_queue import KeyedQueue
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.decisions.scaling import ScaleCause, ScaleDecision
from scheduledtask_workloads.contract import Job, JobSchedule, Reason, RunRecord, RunState, TaskClass, TaskKey
from scheduledtask_workloads.contract.messages import PoolDepth, SlotsSkipped

LED_SINCE = NOW - timedelta(hours=1)
SLOT = int(NOW.timestamp())
OF_KEY = {"namespace": KEY.namespace, "scheduledtask": KEY.name}
OF_POOL = {"namespace": KEY.namespace, "pool": KEY.name}


@dataclass
class Operator:
    """One replica's metrics, a clock, and what is in the API server."""

    leads: bool = True
    now: datetime = NOW
    observed: dict[TaskKey, ObservedStatus] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.metrics = Metrics(lambda: self.now, self.observed.get, "1.2.3")
        self.metrics.show(Figures(KeyedQueue(), lambda: self.leads, "the-lease"))
        self.lead(self.leads)

    def lead(self, leads: bool, since: datetime = LED_SINCE) -> None:
        self.leads = leads
        self.metrics.leader_changed(leads, since)

    def text(self) -> str:
        return b"".join(self.metrics.parts()).decode()

    def samples(self, name: str) -> Iterator[tuple[dict[str, str], float]]:
        for family in text_string_to_metric_families(self.text()):
            for sample in family.samples:
                if sample.name == name:
                    yield sample.labels, sample.value

    def value(self, name: str, /, **labels: str) -> float | None:
        """Of the series that has these labels among its own; None when there is none."""
        found = [value for known, value in self.samples(name) if labels.items() <= known.items()]
        assert len(found) <= 1, f"{name} {labels} is there {len(found)} times"
        return found[0] if found else None


@pytest.fixture
def operator() -> Operator:
    return Operator()


def scheduled(jitter_seconds: int = 0, task_class: TaskClass = TaskClass.LIGHT) -> Job:
    schedule = JobSchedule(expression="* * * * *", jitter_seconds=jitter_seconds)
    return job(task_class).model_copy(update={"schedule": schedule})


def test_a_resource_has_its_last_and_next_runs_and_leaves_nothing_when_it_goes(operator: Operator) -> None:
    last = run(1, RunState.FAILED)
    operator.metrics.write(KEY, light(runs=runs([last, run(0)]), next_due=NOW, freshness_seconds=3600))

    assert operator.value("scheduledtask_next_run_timestamp_seconds", **OF_KEY) == NOW.timestamp()
    assert operator.value("scheduledtask_last_run_timestamp_seconds", **OF_KEY) == last.started_at
    assert operator.value("scheduledtask_last_success_timestamp_seconds", **OF_KEY) == run(0).ended_at
    assert operator.value("scheduledtask_last_outcome", **OF_KEY, outcome="Failed") == 1.0
    assert operator.value("scheduledtask_suspended", **OF_KEY) == 0.0
    assert operator.value("scheduledtask_freshness_objective_seconds", **OF_KEY) == 3600.0
    assert operator.value("scheduledtask_last_run_duration_seconds", **OF_KEY) == pytest.approx(1.0)

    operator.metrics.forget(KEY)
    assert KEY.namespace not in operator.text()


def test_a_run_that_ends_after_its_task_is_gone_brings_nothing_back(operator: Operator) -> None:
    operator.metrics.write(KEY, light())
    operator.metrics.forget(KEY)

    operator.metrics.run_changed(run(0))

    assert KEY.namespace not in operator.text()


def test_a_standby_tells_of_itself_and_of_no_task_pool_or_run() -> None:
    standby = Operator(leads=False)
    standby.metrics.write(KEY, heavy())
    standby.metrics.run_changed(run(0))

    assert KEY.namespace not in standby.text()
    assert standby.value("leader_election_master_status", name="the-lease") == 0.0
    assert standby.value("process_resident_memory_bytes")


def test_a_standby_that_takes_over_tells_what_it_has_watched() -> None:
    standby = Operator(leads=False)
    standby.metrics.write(KEY, light(runs=runs([run(0)])))

    standby.lead(True)

    assert standby.value("scheduledtask_last_success_timestamp_seconds", **OF_KEY) == run(0).ended_at


def test_runs_are_counted_by_namespace_class_and_outcome(operator: Operator) -> None:
    operator.metrics.write(KEY, light())
    for state in (RunState.SUCCEEDED, RunState.FAILED, RunState.STARTED):
        operator.metrics.run_changed(run(0, state))
    of = {"namespace": "team", "class": "Light"}

    assert operator.value("scheduledtask_runs_total", **of, outcome="Succeeded") == 1.0
    assert operator.value("scheduledtask_runs_total", **of, outcome="Failed") == 1.0
    assert operator.value("scheduledtask_runs_total", **of, outcome="TimedOut") == 0.0
    assert operator.value("scheduledtask_task_runs_total", **OF_KEY, outcome="Failed") == 1.0
    assert operator.value("scheduledtask_run_duration_seconds_count", **of) == 2.0
    assert operator.value("scheduledtask_start_delay_seconds_bucket", **of, le="0.05") == 2.0


def test_what_ended_before_this_replica_led_was_counted_by_another(operator: Operator) -> None:
    operator.metrics.write(KEY, light())
    operator.lead(True, since=NOW + timedelta(hours=1))

    operator.metrics.history_read(run(0))

    assert operator.value("scheduledtask_runs_total", outcome="Succeeded") == 0.0


def test_a_leader_that_comes_back_counts_from_zero(operator: Operator) -> None:
    operator.metrics.write(KEY, light())
    operator.metrics.run_changed(run(0))

    operator.lead(False)
    operator.lead(True)

    assert operator.value("scheduledtask_runs_total", outcome="Succeeded") == 0.0
    assert operator.value("scheduledtask_task_runs_total") is None


def test_the_start_delay_counts_from_the_jitter_on_and_a_retried_run_has_none(operator: Operator) -> None:
    operator.metrics.write(KEY, light(job=scheduled(jitter_seconds=30)))

    operator.metrics.run_changed(run(0, started_at=SLOT + 30.0, ended_at=SLOT + 31.0))
    operator.metrics.run_changed(run(1, started_at=SLOT + 200.0, ended_at=SLOT + 201.0, attempts=2))

    assert operator.value("scheduledtask_start_delay_seconds_count") == 1.0
    assert 0.0 <= (operator.value("scheduledtask_start_delay_seconds_sum") or 0.0) < 30.0


def test_failures_in_a_row_end_with_a_success_and_a_cancelled_run_says_nothing(operator: Operator) -> None:
    operator.metrics.write(KEY, light())
    seen = []
    for state in (RunState.FAILED, RunState.TIMED_OUT, RunState.CANCELLED, RunState.LOST, RunState.SUCCEEDED):
        operator.metrics.run_changed(run(0, state))
        seen.append(operator.value("scheduledtask_failures_in_a_row", **OF_KEY))

    assert seen == [1.0, 2.0, 2.0, 3.0, 0.0]


def test_slots_without_a_run_are_counted_by_reason_and_known_of_their_task(operator: Operator) -> None:
    operator.metrics.write(KEY, light())

    operator.metrics.slots_skipped(
        SlotsSkipped(namespace="team", name="report", reason=Reason.OVERLAP, count=3, last_slot_epoch_seconds=SLOT - 60)
    )

    assert operator.value("scheduledtask_missed_runs_total", namespace="team", reason="Overlap") == 3.0
    assert operator.value("scheduledtask_missed_runs_total", reason="Coalesced") == 0.0
    assert operator.value("scheduledtask_last_missed_timestamp_seconds", **OF_KEY, reason="Overlap") == NOW.timestamp()


class TestASlotThatIsDue:
    """`light` is due at NOW; a status with a later coming slot says that this one came."""

    @pytest.fixture
    def operator(self) -> Operator:
        operator = Operator()
        operator.metrics.write(KEY, light(job=scheduled()))
        self.pass_slot(operator, 0)
        return operator

    def pass_slot(self, operator: Operator, number: int) -> None:
        operator.now = NOW + timedelta(minutes=number, seconds=0.2)
        operator.metrics.write(KEY, light(job=scheduled(), next_due=NOW + timedelta(minutes=number + 1)))

    def overdue(self, operator: Operator) -> float | None:
        return operator.value("scheduledtask_overdue_slot_timestamp_seconds", **OF_KEY)

    def test_it_is_overdue_until_its_run_begins(self, operator: Operator) -> None:
        assert self.overdue(operator) == NOW.timestamp()

        operator.metrics.run_changed(run(0, RunState.DISPATCHED, started_at=None))
        assert self.overdue(operator) == NOW.timestamp()

        operator.metrics.run_changed(run(0, RunState.STARTED))
        assert self.overdue(operator) is None

    def test_it_is_not_when_it_was_skipped(self, operator: Operator) -> None:
        skipped = SlotsSkipped(
            namespace="team", name="report", reason=Reason.DEADLINE, count=1, last_slot_epoch_seconds=SLOT
        )
        operator.metrics.slots_skipped(skipped)

        assert self.overdue(operator) is None

    def test_while_none_is_decided_the_first_counts(self, operator: Operator) -> None:
        self.pass_slot(operator, 1)
        self.pass_slot(operator, 2)
        assert self.overdue(operator) == NOW.timestamp()

        operator.metrics.run_changed(run(0, RunState.STARTED))
        assert self.overdue(operator) == NOW.timestamp() + 120

        operator.metrics.run_changed(run(2, RunState.STARTED))
        assert self.overdue(operator) is None

    def test_a_run_that_was_told_before_the_slot_was_seen_counts(self, operator: Operator) -> None:
        operator.metrics.run_changed(run(1, RunState.STARTED))
        self.pass_slot(operator, 1)

        assert self.overdue(operator) is None

    def test_a_task_that_is_suspended_owes_nothing(self, operator: Operator) -> None:
        suspended = scheduled().model_copy(update={"suspended": True})
        operator.metrics.write(KEY, light(job=suspended, next_due=None))

        assert self.overdue(operator) is None


def test_a_success_that_the_ledger_has_forgotten_is_known_from_the_object(operator: Operator) -> None:
    written = {"lastSuccessTime": "2026-11-01T00:00:00Z"}
    item = {"metadata": {"uid": "u", "resourceVersion": "1"}, "status": written}
    operator.observed[KEY] = ObservedStatus.of(item)
    operator.metrics.write(KEY, light(runs=runs([run(0, RunState.FAILED)])))

    expected = datetime.fromisoformat(written["lastSuccessTime"]).timestamp()
    assert operator.value("scheduledtask_last_success_timestamp_seconds", **OF_KEY) == expected


def test_a_pool_that_is_shared_is_told_once_and_an_unknown_backlog_not_at_all(operator: Operator) -> None:
    for name in ("one", "other"):
        key = TaskKey("team", name)
        operator.metrics.write(key, heavy(key=key, pool=pool(pool="big", desired=2, backlog=None)))

    assert operator.value("scheduledtask_pool_desired", namespace="team", pool="big") == 2.0
    assert operator.value("scheduledtask_pool_depth") is None


def test_the_oldest_message_of_a_pool_is_there_while_one_waits(operator: Operator) -> None:
    operator.metrics.write(KEY, heavy())
    name = "scheduledtask_pool_oldest_message_timestamp_seconds"

    for ready, sent_at, expected in ((3, SLOT + 0.5, SLOT + 0.5), (0, None, None)):
        operator.metrics.scheduler_said(PoolDepth(**OF_POOL, ready=ready, unacked=0, oldest_sent_at=sent_at))
        assert operator.value(name, **OF_POOL) == expected


def test_a_slot_that_workers_were_asked_ahead_of_is_a_hit_within_a_second(operator: Operator) -> None:
    operator.metrics.write(KEY, heavy(job=scheduled(task_class=TaskClass.HEAVY).model_copy(update={"pool": KEY.name})))
    operator.metrics.pool_scaled(PoolKey(**OF_POOL), 0, ScaleDecision(2, "2 slot(s)", ScaleCause.UPCOMING))

    for number, delay_seconds in enumerate((0.5, 30.0, 0.1)):
        operator.metrics.run_changed(run(number, RunState.STARTED, started_at=SLOT + 60 * number + delay_seconds))

    prewarmed = "scheduledtask_pool_prewarmed_starts_total"
    assert operator.value("scheduledtask_pool_scale_ups_total", **OF_POOL, cause="upcoming") == 1.0
    assert operator.value(prewarmed, **OF_POOL, result="hit") == 1.0
    assert operator.value(prewarmed, **OF_POOL, result="miss") == 1.0


def test_what_keeps_workers_is_counted_when_it_begins(operator: Operator) -> None:
    for held_by in (None, ScaleCause.BUSY, ScaleCause.BUSY, None, ScaleCause.BUSY, ScaleCause.IDLE_TIME):
        operator.metrics.write(KEY, heavy(pool=pool(held_by=held_by)))

    blocked = "scheduledtask_pool_blocked_scale_downs_total"
    assert operator.value(blocked, **OF_POOL, cause="busy") == 2.0
    assert operator.value(blocked, **OF_POOL, cause="idle-time") == 1.0
    assert operator.value(blocked, **OF_POOL, cause="next-slot") == 0.0


def test_a_scheduler_that_is_away_is_seen_where_no_status_can_say_it(operator: Operator) -> None:
    assert operator.value("scheduledtask_scheduler_connected") == 0.0

    operator.metrics.scheduler_connected(True)

    assert operator.value("scheduledtask_scheduler_connected") == 1.0


def test_the_names_that_stock_dashboards_know_are_there(operator: Operator) -> None:
    operator.metrics.program.reconciled("success", 0.1, 0.002)
    operator.metrics.program.requested("PATCH", "200", 0.03)

    for line in (
        'controller_runtime_reconcile_total{controller="scheduledtask",result="success"} 1.0',
        'controller_runtime_reconcile_time_seconds_bucket{controller="scheduledtask",le="0.0025"} 1.0',
        'controller_runtime_reconcile_errors_total{controller="scheduledtask"} 0.0',
        'workqueue_depth{name="scheduledtask"} 0.0',
        'workqueue_adds_total{name="scheduledtask"} 0.0',
        'workqueue_retries_total{name="scheduledtask"} 0.0',
        'workqueue_queue_duration_seconds_bucket{le="0.1",name="scheduledtask"} 1.0',
        'rest_client_requests_total{code="200",method="PATCH"} 1.0',
        'leader_election_master_status{name="the-lease"} 1.0',
    ):
        assert line in operator.text()


def test_what_a_manifest_says_is_escaped(operator: Operator) -> None:
    schedule = JobSchedule(expression='a "quote", a \\ and\na line')
    operator.metrics.write(KEY, light(job=job().model_copy(update={"schedule": schedule})))

    ((labels, _),) = operator.samples("scheduledtask_info")
    assert labels["schedule"] == schedule.expression


def test_no_label_is_a_run_id_a_message_or_a_host(operator: Operator) -> None:
    record = run(0, RunState.FAILED, run_id="report-1763", message="the disk is full", host="worker-7f")
    active = run(1, RunState.STARTED, run_id="report-1764", host="worker-8a")
    operator.metrics.write(KEY, light(runs=runs([record], [active])))
    operator.metrics.run_changed(record)

    assert not {"report-1763", "report-1764", "the disk is full", "worker-7f", "worker-8a"} & {
        value
        for family in text_string_to_metric_families(operator.text())
        for sample in family.samples
        for value in sample.labels.values()
    }


def test_a_record_of_a_task_that_was_never_seen_is_left_out(operator: Operator) -> None:
    stranger = RunRecord(
        namespace="other", name="x", run_id="x-1", task_class=TaskClass.LIGHT, state=RunState.SUCCEEDED, ended_at=SLOT
    )
    operator.metrics.run_changed(stranger)

    assert "other" not in operator.text()


def test_what_is_exposed_is_what_the_page_says(operator: Operator) -> None:
    active = run(2, RunState.STARTED)
    of_slots = scheduled(task_class=TaskClass.HEAVY).model_copy(update={"pool": KEY.name, "memory_limit_bytes": 1})
    known = runs([run(0, peak_memory_bytes=1)], [active])
    status = heavy(job=of_slots, runs=known, freshness_seconds=60, pool=pool(startup_seconds=3.0, problem="no node"))
    operator.metrics.write(KEY, status)
    operator.now += timedelta(seconds=1)
    operator.metrics.write(KEY, replace(status, next_due=NOW + timedelta(minutes=1)))
    operator.metrics.run_changed(run(-2))
    operator.metrics.slots_skipped(
        SlotsSkipped(namespace="team", name="report", reason=Reason.OVERLAP, count=1, last_slot_epoch_seconds=SLOT - 60)
    )
    operator.metrics.scheduler_said(PoolDepth(**OF_POOL, ready=1, unacked=0, oldest_sent_at=SLOT))
    operator.metrics.program.requested("GET", "200", 0.1)

    assert exposed(text_string_to_metric_families(operator.text())) == {
        str(each) for each in described(OPERATOR).values()
    }
