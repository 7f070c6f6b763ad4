"""The alerts: each with what it asks, when it fires, and the runbook that says what to do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

RUNBOOKS = "docs/runbooks"
"""Where runbooks are, until an installation says where it has them."""
JOB = "scheduledtask-operator"
"""What `job` is in our scrapes: for what can only be seen by its absence."""
THRESHOLD = "THRESHOLD"
"""In an expression, where the number stands that may be tuned."""
BY_TASK = "by (namespace, scheduledtask)"
BY_POOL = "by (namespace, pool)"


class Severity(StrEnum):
    """`critical`: somebody should get up. `warning`: somebody should look."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Alert:
    """`expression` has THRESHOLD where `threshold` belongs; `unit` says of what, empty where it is not tuned.

    `lasts` is its `for`; `summary` and `description` are Prometheus' templates.
    """

    name: str
    expression: str
    threshold: float
    unit: str
    lasts: str
    severity: Severity
    summary: str
    description: str
    runbook: str

    @property
    def query(self) -> str:
        return self.expression.replace(THRESHOLD, f"{self.threshold:g}")

    def rule(self) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.query,
            "for": self.lasts,
            "labels": {"severity": str(self.severity)},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOKS}/{self.runbook}.md",
            },
        }

    def entry(self) -> dict[str, Any]:
        """As the chart reads it: with what values may change still apart."""
        return {
            "name": self.name,
            "expression": self.expression,
            "threshold": self.threshold,
            "for": self.lasts,
            "severity": str(self.severity),
            "summary": self.summary,
            "description": self.description,
            "runbook": self.runbook,
        }


TASK = "{{ $labels.namespace }}/{{ $labels.scheduledtask }}"
POOL = "{{ $labels.namespace }}/{{ $labels.pool }}"
AGE = "{{ $value | humanizeDuration }}"

ALERTS: tuple[Alert, ...] = (
    Alert(
        name="ScheduledTaskMissedSlot",
        expression=f"min {BY_TASK[:-1]}, reason) (time() - scheduledtask_last_missed_timestamp_seconds"
        f'{{reason!="Coalesced"}}) < {THRESHOLD}',
        threshold=900,
        unit="seconds for which a missed slot is shown",
        lasts="0m",
        severity=Severity.WARNING,
        summary=f"A slot of {TASK} did not run: {{{{ $labels.reason }}}}",
        description=f"{AGE} ago a slot of {TASK} was decided without a run, for the reason {{{{ $labels.reason }}}}.",
        runbook="missed-slot",
    ),
    Alert(
        name="ScheduledTaskLate",
        expression=f"time() - min {BY_TASK} (scheduledtask_overdue_slot_timestamp_seconds) > {THRESHOLD}",
        threshold=300,
        unit="seconds after the slot",
        lasts="0m",
        severity=Severity.WARNING,
        summary=f"{TASK} should have run and has not begun",
        description=f"For {AGE} a slot of {TASK} is due, and no run of it has begun.",
        runbook="late-task",
    ),
    Alert(
        name="ScheduledTaskStale",
        expression=f"time() - max {BY_TASK} (scheduledtask_last_success_timestamp_seconds"
        " > scheduledtask_since_timestamp_seconds or scheduledtask_since_timestamp_seconds)"
        f" > max {BY_TASK} (scheduledtask_freshness_objective_seconds) * {THRESHOLD}"
        f" unless max {BY_TASK} (scheduledtask_suspended) == 1",
        threshold=1,
        unit="times spec.freshnessSeconds",
        lasts="1m",
        severity=Severity.CRITICAL,
        summary=f"{TASK} has not succeeded for longer than it may",
        description=f"The last success of {TASK} is {AGE} ago, more than its spec.freshnessSeconds.",
        runbook="stale-task",
    ),
    Alert(
        name="ScheduledTaskFailing",
        expression=f"max {BY_TASK} (scheduledtask_failures_in_a_row) >= {THRESHOLD}",
        threshold=1,
        unit="failed runs in a row",
        lasts="10m",
        severity=Severity.WARNING,
        summary=f"{TASK} fails",
        description=f"The last {{{{ $value }}}} run(s) of {TASK} failed, timed out or were lost.",
        runbook="failing-task",
    ),
    Alert(
        name="ScheduledTaskRunStuck",
        expression=f"time() - min {BY_TASK} (scheduledtask_oldest_attempt_timestamp_seconds)"
        f" - max {BY_TASK} (scheduledtask_timeout_seconds) > {THRESHOLD}",
        threshold=120,
        unit="seconds beyond the task's own limit",
        lasts="1m",
        severity=Severity.WARNING,
        summary=f"A run of {TASK} should have been ended and was not",
        description=f"A body of {TASK} runs {AGE} longer than timeoutSeconds lets it.",
        runbook="stuck-run",
    ),
    Alert(
        name="ScheduledTaskNotReady",
        expression=f'max {BY_TASK[:-1]}, reason) (scheduledtask_info{{ready="False"}}) >= {THRESHOLD}',
        threshold=1,
        unit="",
        lasts="15m",
        severity=Severity.WARNING,
        summary=f"{TASK} is refused: {{{{ $labels.reason }}}}",
        description=f"The present version of {TASK} cannot be used, for the reason {{{{ $labels.reason }}}}.",
        runbook="task-not-ready",
    ),
    Alert(
        name="ScheduledTaskWorkersNotStarting",
        expression=f"max {BY_POOL} (scheduledtask_pool_not_starting) >= {THRESHOLD}"
        f" or max {BY_POOL} (scheduledtask_pool_desired) - max {BY_POOL} (scheduledtask_pool_ready) >= {THRESHOLD}",
        threshold=1,
        unit="workers that are missing",
        lasts="10m",
        severity=Severity.CRITICAL,
        summary=f"Workers of the pool {POOL} do not start",
        description=f"Workers of the pool {POOL} were asked for and do not come; its runs wait.",
        runbook="workers-not-starting",
    ),
    Alert(
        name="ScheduledTaskOldestMessage",
        expression=f"time() - min {BY_POOL} (scheduledtask_pool_oldest_message_timestamp_seconds) > {THRESHOLD}",
        threshold=1800,
        unit="seconds that a run has waited for a worker",
        lasts="0m",
        severity=Severity.WARNING,
        summary=f"Runs wait long in the pool {POOL}",
        description=f"The message that waits longest in the pool {POOL} was sent {AGE} ago.",
        runbook="oldest-message",
    ),
    Alert(
        name="ScheduledTaskNoLeader",
        expression=f'sum by (namespace) (leader_election_master_status{{job="{JOB}"}}) < {THRESHOLD}'
        f' or absent(leader_election_master_status{{job="{JOB}"}})',
        threshold=1,
        unit="leaders",
        lasts="1m",
        severity=Severity.CRITICAL,
        summary="No operator of scheduledtask leads",
        description="No replica of the operator leads, or none answers: no status is written, no worker is started, and"
        " where no scheduler goes on by itself nothing runs.",
        runbook="no-leader",
    ),
    Alert(
        name="ScheduledTaskSchedulerNotFiring",
        expression="max by (namespace) ((time() - scheduledtask_scheduler_last_look_timestamp_seconds"
        f" < bool {THRESHOLD}) * scheduledtask_scheduler_granted) < 1"
        f' or absent(scheduledtask_scheduler_granted{{job="{JOB}"}})',
        threshold=15,
        unit="seconds since it last looked for slots",
        lasts="2m",
        severity=Severity.CRITICAL,
        summary="No scheduler of scheduledtask starts runs",
        description="No scheduler may start runs and looks for slots: no task runs.",
        runbook="scheduler-not-firing",
    ),
    Alert(
        name="ScheduledTaskRedisUnreachable",
        expression=f"min by (namespace, instance) (scheduledtask_redis_reachable) < {THRESHOLD}",
        threshold=1,
        unit="",
        lasts="1m",
        severity=Severity.CRITICAL,
        summary="Redis does not answer the scheduler {{ $labels.instance }}",
        description="Light tasks go on under the grant; heavy ones wait, and nothing is recorded until Redis is back.",
        runbook="redis-unreachable",
    ),
)


def rules() -> dict[str, Any]:
    """The whole file, for a Prometheus that is given files."""
    return {"groups": [{"name": "scheduledtask", "rules": [alert.rule() for alert in ALERTS]}]}


def chart_alerts() -> list[dict[str, Any]]:
    """For the chart's template."""
    return [alert.entry() for alert in ALERTS]
