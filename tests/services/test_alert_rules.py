"""Each alert fires when it should, with what a person reads, and is silent when it should; asked of promtool."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from dashboards.alerts import ALERTS, rules
from dashboards.boards import BOARDS
from dashboards.queries import queries_of
from tests.services.packages import Programs, prometheus_programs

TASK = 'namespace="team",scheduledtask="report"'
POOL = 'namespace="team",pool="big"'
POD = 'namespace="system",job="scheduledtask-operator",instance="10.0.0.1:8081"'
STANDBY = 'namespace="system",job="scheduledtask-operator",instance="10.0.0.2:8081"'
TASK_LABELS = {"namespace": "team", "scheduledtask": "report"}
POOL_LABELS = {"namespace": "team", "pool": "big"}
NO_LEADER = (
    "No replica of the operator leads, or none answers: no status is written, no worker is started, and where no"
    " scheduler goes on by itself nothing runs."
)
HEALTHY = {
    f"leader_election_master_status{{{POD}}}": "1x60",
    f"scheduledtask_scheduler_granted{{{POD}}}": "1x60",
    f"scheduledtask_scheduler_last_look_timestamp_seconds{{{POD}}}": "0+60x60",
    f"scheduledtask_redis_reachable{{{POD}}}": "1x60",
}
"""Of an installation in which nothing is wrong, for an hour."""


@dataclass(frozen=True, slots=True)
class Case:
    """`series` in promtool's notation, a value a minute, over those of HEALTHY; what fires `at_minutes`.

    `labels` None: silence. `summary` and `description` are what a person reads.
    """

    alert: str
    why: str
    series: dict[str, str]
    at_minutes: int
    labels: dict[str, str] | None = None
    summary: str = ""
    description: str = ""
    without: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.alert}: {self.why}"


CASES = (
    Case(
        "ScheduledTaskMissedSlot",
        "a slot was skipped five minutes ago",
        {f'scheduledtask_last_missed_timestamp_seconds{{{TASK},reason="Overlap"}}': "_x9 600x50"},
        15,
        {**TASK_LABELS, "reason": "Overlap"},
        "A slot of team/report did not run: Overlap",
        "5m 0s ago a slot of team/report was decided without a run, for the reason Overlap.",
    ),
    Case(
        "ScheduledTaskMissedSlot",
        "it was a quarter of an hour ago",
        {f'scheduledtask_last_missed_timestamp_seconds{{{TASK},reason="Overlap"}}': "_x9 600x50"},
        26,
    ),
    Case(
        "ScheduledTaskMissedSlot",
        "a later slot was caught up in its place",
        {f'scheduledtask_last_missed_timestamp_seconds{{{TASK},reason="Coalesced"}}': "_x9 600x50"},
        15,
    ),
    Case(
        "ScheduledTaskLate",
        "a slot is due for six minutes, and two leaders say so",
        {
            f'scheduledtask_overdue_slot_timestamp_seconds{{{TASK},instance="{pod}"}}': "_x10 600x50"
            for pod in ("old", "new")
        },
        16,
        TASK_LABELS,
        "team/report should have run and has not begun",
        "For 6m 0s a slot of team/report is due, and no run of it has begun.",
    ),
    Case(
        "ScheduledTaskLate",
        "it began",
        {f"scheduledtask_overdue_slot_timestamp_seconds{{{TASK}}}": "_x10 600x3 stale"},
        16,
    ),
    Case(
        "ScheduledTaskStale",
        "it last succeeded an hour ago, and half an hour is its objective",
        {
            f"scheduledtask_last_success_timestamp_seconds{{{TASK}}}": "60x70",
            f"scheduledtask_since_timestamp_seconds{{{TASK}}}": "0x70",
            f"scheduledtask_freshness_objective_seconds{{{TASK}}}": "1800x70",
            f"scheduledtask_suspended{{{TASK}}}": "0x70",
        },
        61,
        TASK_LABELS,
        "team/report has not succeeded for longer than it may",
        "The last success of team/report is 1h 0m 0s ago, more than its spec.freshnessSeconds.",
    ),
    Case(
        "ScheduledTaskStale",
        "it never succeeded since it was made",
        {
            f"scheduledtask_since_timestamp_seconds{{{TASK}}}": "0x70",
            f"scheduledtask_freshness_objective_seconds{{{TASK}}}": "1800x70",
            f"scheduledtask_suspended{{{TASK}}}": "0x70",
        },
        60,
        TASK_LABELS,
        "team/report has not succeeded for longer than it may",
        "The last success of team/report is 1h 0m 0s ago, more than its spec.freshnessSeconds.",
    ),
    Case(
        "ScheduledTaskStale",
        "it goes on since ten minutes ago, after a long suspension",
        {
            f"scheduledtask_last_success_timestamp_seconds{{{TASK}}}": "60x70",
            f"scheduledtask_since_timestamp_seconds{{{TASK}}}": "3000x70",
            f"scheduledtask_freshness_objective_seconds{{{TASK}}}": "1800x70",
            f"scheduledtask_suspended{{{TASK}}}": "0x70",
        },
        60,
    ),
    Case(
        "ScheduledTaskStale",
        "it is suspended",
        {
            f"scheduledtask_last_success_timestamp_seconds{{{TASK}}}": "60x70",
            f"scheduledtask_since_timestamp_seconds{{{TASK}}}": "0x70",
            f"scheduledtask_freshness_objective_seconds{{{TASK}}}": "1800x70",
            f"scheduledtask_suspended{{{TASK}}}": "1x70",
        },
        60,
    ),
    Case(
        "ScheduledTaskFailing",
        "it has failed for longer than ten minutes",
        {f"scheduledtask_failures_in_a_row{{{TASK}}}": "0x4 1x5 2x20"},
        16,
        TASK_LABELS,
        "team/report fails",
        "The last 2 run(s) of team/report failed, timed out or were lost.",
    ),
    Case(
        "ScheduledTaskFailing",
        "it failed once, and succeeded five minutes later",
        {f"scheduledtask_failures_in_a_row{{{TASK}}}": "0x4 1x5 0x20"},
        16,
    ),
    Case(
        "ScheduledTaskRunStuck",
        "its body runs five minutes beyond its limit of ten",
        {
            f"scheduledtask_oldest_attempt_timestamp_seconds{{{TASK}}}": "0x40",
            f"scheduledtask_timeout_seconds{{{TASK}}}": "600x40",
        },
        15,
        TASK_LABELS,
        "A run of team/report should have been ended and was not",
        "A body of team/report runs 5m 0s longer than timeoutSeconds lets it.",
    ),
    Case(
        "ScheduledTaskRunStuck",
        "its body is within its limit of an hour",
        {
            f"scheduledtask_oldest_attempt_timestamp_seconds{{{TASK}}}": "0x60",
            f"scheduledtask_timeout_seconds{{{TASK}}}": "3600x60",
        },
        59,
    ),
    Case(
        "ScheduledTaskNotReady",
        "it is refused for longer than a quarter of an hour",
        {f'scheduledtask_info{{{TASK},ready="False",reason="BadManifest"}}': "1x30"},
        16,
        {**TASK_LABELS, "reason": "BadManifest"},
        "team/report is refused: BadManifest",
        "The present version of team/report cannot be used, for the reason BadManifest.",
    ),
    Case(
        "ScheduledTaskNotReady",
        "its catalog is not known yet",
        {f'scheduledtask_info{{{TASK},ready="Unknown",reason="CatalogPending"}}': "1x30"},
        16,
    ),
    Case(
        "ScheduledTaskWorkersNotStarting",
        "Kubernetes says why its pods are pending",
        {
            f"scheduledtask_pool_not_starting{{{POOL}}}": "1x30",
            f"scheduledtask_pool_desired{{{POOL}}}": "1x30",
            f"scheduledtask_pool_ready{{{POOL}}}": "0x30",
        },
        11,
        POOL_LABELS,
        "Workers of the pool team/big do not start",
        "Workers of the pool team/big were asked for and do not come; its runs wait.",
    ),
    Case(
        "ScheduledTaskWorkersNotStarting",
        "a new node takes five minutes",
        {
            f"scheduledtask_pool_not_starting{{{POOL}}}": "1x5 0x30",
            f"scheduledtask_pool_desired{{{POOL}}}": "1x30",
            f"scheduledtask_pool_ready{{{POOL}}}": "0x5 1x30",
        },
        16,
    ),
    Case(
        "ScheduledTaskOldestMessage",
        "a run waits for forty minutes",
        {f"scheduledtask_pool_oldest_message_timestamp_seconds{{{POOL}}}": "0x60"},
        40,
        POOL_LABELS,
        "Runs wait long in the pool team/big",
        "The message that waits longest in the pool team/big was sent 40m 0s ago.",
    ),
    Case(
        "ScheduledTaskOldestMessage",
        "many wait, none for long",
        {f"scheduledtask_pool_oldest_message_timestamp_seconds{{{POOL}}}": "0+60x60"},
        40,
    ),
    Case(
        "ScheduledTaskNoLeader",
        "both replicas are standbys",
        {
            f'leader_election_master_status{{namespace="system",job="scheduledtask-operator",instance="{pod}"}}': "0x30"
            for pod in ("a", "b")
        },
        10,
        {"namespace": "system"},
        "No operator of scheduledtask leads",
        NO_LEADER,
        without=("leader_election_master_status",),
    ),
    Case(
        "ScheduledTaskNoLeader",
        "nothing is scraped at all",
        {},
        10,
        {"job": "scheduledtask-operator"},
        "No operator of scheduledtask leads",
        NO_LEADER,
        without=("leader_election_master_status",),
    ),
    Case(
        "ScheduledTaskNoLeader",
        "another one leads after half a minute, and another operator has no leader",
        {
            'leader_election_master_status{namespace="system",job="scheduledtask-operator",instance="a"}': "1x9 0x20",
            'leader_election_master_status{namespace="system",job="scheduledtask-operator",instance="b"}': "0x9 1x20",
            'leader_election_master_status{namespace="other",job="another-operator"}': "0x60",
        },
        15,
        without=("leader_election_master_status",),
    ),
    Case(
        "ScheduledTaskSchedulerNotFiring",
        "nobody has a grant",
        {f"scheduledtask_scheduler_granted{{{POD}}}": "0x30"},
        10,
        {"namespace": "system"},
        "No scheduler of scheduledtask starts runs",
        "No scheduler may start runs and looks for slots: no task runs.",
        without=("scheduledtask_scheduler_granted",),
    ),
    Case(
        "ScheduledTaskSchedulerNotFiring",
        "the one with the grant stopped looking for slots",
        {f"scheduledtask_scheduler_last_look_timestamp_seconds{{{POD}}}": "0+60x5 300x30"},
        10,
        {"namespace": "system"},
        "No scheduler of scheduledtask starts runs",
        "No scheduler may start runs and looks for slots: no task runs.",
        without=("scheduledtask_scheduler_last_look_timestamp_seconds",),
    ),
    Case(
        "ScheduledTaskSchedulerNotFiring",
        "a standby has none",
        {
            f"scheduledtask_scheduler_granted{{{STANDBY}}}": "0x60",
            f"scheduledtask_scheduler_last_look_timestamp_seconds{{{STANDBY}}}": "0+60x60",
        },
        10,
    ),
    Case(
        "ScheduledTaskRedisUnreachable",
        "it is away for longer than a minute",
        {f"scheduledtask_redis_reachable{{{POD}}}": "1x4 0x30"},
        7,
        {"namespace": "system", "instance": "10.0.0.1:8081"},
        "Redis does not answer the scheduler 10.0.0.1:8081",
        "Light tasks go on under the grant; heavy ones wait, and nothing is recorded until Redis is back.",
        without=("scheduledtask_redis_reachable",),
    ),
    Case(
        "ScheduledTaskRedisUnreachable",
        "it was restarted",
        {f"scheduledtask_redis_reachable{{{POD}}}": "1x4 0 1x30"},
        6,
        without=("scheduledtask_redis_reachable",),
    ),
)


@pytest.fixture(scope="session")
def prometheus() -> Programs:
    return prometheus_programs()


def promtool(prometheus: Programs, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [prometheus.path("promtool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=prometheus.environment)


def written(folder: Path, name: str, content: object) -> str:
    (folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(folder / name)


def expected(case: Case) -> list[dict[str, object]]:
    (alert,) = [each for each in ALERTS if each.name == case.alert]
    if case.labels is None:
        return []
    annotations = {**alert.rule()["annotations"], "summary": case.summary, "description": case.description}
    return [{"exp_labels": {**case.labels, "severity": str(alert.severity)}, "exp_annotations": annotations}]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_alert_fires_or_is_silent(prometheus: Programs, tmp_path: Path, case: Case) -> None:
    healthy = {name: values for name, values in HEALTHY.items() if name.partition("{")[0] not in case.without}
    series = [{"series": name, "values": values} for name, values in {**healthy, **case.series}.items()]
    at = {"eval_time": f"{case.at_minutes}m", "alertname": case.alert, "exp_alerts": expected(case)}
    document = {
        "rule_files": [written(tmp_path, "rules.yaml", rules())],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": [at]}],
    }

    tested = promtool(prometheus, "test", "rules", written(tmp_path, "test.yaml", document))

    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_each_alert_has_a_case_that_fires_and_one_that_is_silent(alert) -> None:
    assert {case.labels is None for case in CASES if case.alert == alert.name} == {True, False}


def test_where_nothing_is_wrong_nothing_fires(prometheus: Programs, tmp_path: Path) -> None:
    series = [{"series": name, "values": values} for name, values in HEALTHY.items()]
    silent = [{"eval_time": "30m", "alertname": alert.name, "exp_alerts": []} for alert in ALERTS]
    document = {
        "rule_files": [written(tmp_path, "rules.yaml", rules())],
        "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": silent}],
    }

    tested = promtool(prometheus, "test", "rules", written(tmp_path, "test.yaml", document))

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_prometheus_reads_the_query_of_every_panel(prometheus: Programs, tmp_path: Path) -> None:
    queries = {query for board in BOARDS for query in queries_of(json.loads(board.json()))}
    rows = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(sorted(queries))]
    file = written(tmp_path, "panels.yaml", {"groups": [{"name": "panels", "rules": rows}]})

    checked = promtool(prometheus, "check", "rules", file)

    assert checked.returncode == 0, checked.stdout + checked.stderr
