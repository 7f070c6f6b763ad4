"""What is told of how late slots were admitted."""

from datetime import UTC, datetime

from scheduledtask_workloads.contract import Job, JobSchedule, TaskClass
from scheduledtask_workloads.ledger import Claim
from scheduledtask_workloads.scheduler.fire_lag import BOUNDS_SECONDS, FireLag
from scheduledtask_workloads.scheduler.job_book import JobBook
from scheduledtask_workloads.scheduler.plan import Candidate

SLOT = 1_800_000_000


def candidate(name: str, namespace: str = "team", *, slot: int | None = SLOT, due_at: float = SLOT) -> Candidate:
    schedule = JobSchedule(expression="@hourly")
    job = Job(namespace=namespace, name=name, task_class=TaskClass.LIGHT, task="t", schedule=schedule)
    held = JobBook().put(job, datetime.fromtimestamp(SLOT, UTC))
    return held, Claim(job, f"{name}-run", slot, due_at)


def test_each_slot_counts_with_its_own_lag_from_its_jitter_on() -> None:
    lag = FireLag()
    lag.admitted([candidate("a"), candidate("b"), candidate("c", due_at=SLOT + 0.03)], SLOT + 0.04)
    lag.count()

    (of_team,) = lag.lags()
    assert (of_team.namespace, of_team.task_class) == ("team", TaskClass.LIGHT)
    assert dict(zip(BOUNDS_SECONDS, of_team.counts[:-1], strict=True))[0.02] == 1
    assert of_team.counts[-1] == 3
    assert round(of_team.total_seconds, 6) == 0.09


def test_a_request_has_no_slot_to_be_late_for() -> None:
    lag = FireLag()
    lag.admitted([candidate("a", slot=None)], SLOT + 5)
    lag.count()

    assert list(lag.lags()) == []


def test_a_namespace_without_jobs_is_forgotten() -> None:
    lag = FireLag()
    lag.admitted([candidate("a"), candidate("b", "other")], SLOT)
    lag.count()

    lag.keep({"other"})

    assert [each.namespace for each in lag.lags()] == ["other"]


def test_a_slot_before_the_clock_was_set_back_is_not_early() -> None:
    lag = FireLag()
    lag.admitted([candidate("a")], SLOT - 3)
    lag.count()

    (of_team,) = lag.lags()
    assert of_team.total_seconds == 0.0
