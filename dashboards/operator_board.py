"""Operator: reconciles, queue, leader, latency of the API server and of Redis, the scheduler beside it."""

from dashboards.alerts import JOB
from dashboards.panels import ONE_IS_GOOD, Ask, Steps, lines, number
from dashboards.queries import RATE, quantile
from dashboards.sections import Section

ABOUT = "The operator and its schedulers: who leads, how quickly it works, and what it waits for."
OURS = f'job="{JOB}"'
LEGEND = "{{instance}}"


def rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}{{{OURS}}}[{RATE}]))"


SECTIONS = (
    Section(
        "Does it work?",
        (
            number(
                "Leaders",
                "Replicas that lead: one, always.",
                f"sum(leader_election_master_status{{{OURS}}}) or vector(0)",
                steps=Steps(amber=1, red=2, low=True),
                width=4,
                book="no-leader",
            ),
            number(
                "Schedulers that may start runs",
                "Those with a grant of the leader, or under a number that Redis knows no newer of.",
                "sum(scheduledtask_scheduler_granted) or vector(0)",
                steps=ONE_IS_GOOD,
                width=4,
                book="scheduler-not-firing",
            ),
            number(
                "Redis answers",
                "0 when it does not answer one of the schedulers.",
                "min(scheduledtask_redis_reachable) or vector(0)",
                steps=ONE_IS_GOOD,
                width=4,
                book="redis-unreachable",
            ),
            number(
                "Runners answer",
                "0 when a scheduler has none, so that its light runs wait.",
                "min(scheduledtask_runners_connected) or vector(0)",
                steps=ONE_IS_GOOD,
                width=4,
            ),
            number(
                "Schedulers that answer",
                "Replicas whose scheduler answers its operator.",
                "sum(scheduledtask_scheduler_connected) or vector(0)",
                steps=ONE_IS_GOOD,
                width=4,
                book="no-leader",
            ),
            number(
                "Version",
                "What runs.",
                "max by (version) (scheduledtask_build_info)",
                text=True,
                width=4,
            ),
        ),
    ),
    Section(
        "Leader and scheduler",
        (
            lines(
                "Who leads",
                "1 for the replica that leads.",
                Ask(f"max by (instance) (leader_election_master_status{{{OURS}}})", LEGEND),
                width=8,
                book="no-leader",
            ),
            lines(
                "Since the last look for slots",
                "A scheduler looks each second; one that hangs starts nothing.",
                Ask("time() - max by (instance) (scheduledtask_scheduler_last_look_timestamp_seconds)", LEGEND),
                unit="s",
                steps=Steps(amber=5, red=15),
                width=8,
                book="scheduler-not-firing",
            ),
            lines(
                "Jobs held",
                "Each scheduler holds all of them, the standby's too.",
                Ask("max by (instance) (scheduledtask_scheduler_jobs)", LEGEND),
                width=8,
            ),
            lines(
                "Fire lag",
                "Slot to admitted and handed to an executor, over all namespaces.",
                Ask(quantile(0.5, "scheduledtask_fire_lag_seconds", "class, "), "{{class}} half"),
                Ask(quantile(0.99, "scheduledtask_fire_lag_seconds", "class, "), "{{class}} 99 %"),
                unit="s",
                steps=Steps(amber=0.3, red=1.5),
            ),
            lines(
                "Light runs and runners",
                "Runs that wait for a runner, runs in one, and how many there may be at once. While all are in use and"
                " runs wait, raise runners.processes, or let the longest of them run heavy.",
                Ask("sum(scheduledtask_light_runs_waiting)", "waiting"),
                Ask("sum(scheduledtask_light_runs_running)", "running"),
                Ask("max(scheduledtask_runners_processes)", "at once"),
                book="late-task",
            ),
        ),
    ),
    Section(
        "Reconciles",
        (
            lines(
                "Reconciles",
                "Tasks that were looked at, a second.",
                Ask(rate("controller_runtime_reconcile_total", "result"), "{{result}}"),
                Ask(rate("controller_runtime_reconcile_errors_total", "controller"), "errors"),
                unit="reqps",
                width=8,
            ),
            lines(
                "How long one takes",
                "And how long a task waits for it.",
                Ask(quantile(0.99, "controller_runtime_reconcile_time_seconds", "", OURS), "reconcile, 99 %"),
                Ask(quantile(0.99, "workqueue_queue_duration_seconds", "", OURS), "wait, 99 %"),
                Ask(f"max(workqueue_longest_running_processor_seconds{{{OURS}}})", "longest now"),
                unit="s",
                steps=Steps(amber=1, red=5),
                width=8,
            ),
            lines(
                "Queue",
                "Tasks that wait, and reconciles under way of those that there may be.",
                Ask(f"max by (instance) (workqueue_depth{{{OURS}}})", f"{LEGEND} waiting"),
                Ask(f"sum(controller_runtime_active_workers{{{OURS}}})", "under way"),
                Ask(f"max(controller_runtime_max_concurrent_reconciles{{{OURS}}})", "at most"),
                width=8,
            ),
            lines(
                "Into the queue",
                "Tasks that came to wait, and those that came again after a failure.",
                Ask(rate("workqueue_adds_total", "name"), "added"),
                Ask(rate("workqueue_retries_total", "name"), "again"),
                unit="reqps",
                width=8,
            ),
            lines(
                "Requests to the API server",
                "By the answer's code.",
                Ask(rate("rest_client_requests_total", "code"), "{{code}}"),
                unit="reqps",
                width=8,
                stacked=True,
            ),
            lines(
                "Latency of the API server",
                "By method.",
                Ask(quantile(0.99, "rest_client_request_duration_seconds", "verb, ", OURS), "{{verb}} 99 %"),
                unit="s",
                steps=Steps(amber=1, red=5),
                width=8,
            ),
        ),
    ),
    Section(
        "Redis and the processes",
        (
            lines(
                "Latency of Redis",
                "As the schedulers see it; beyond redisTimeoutSeconds light tasks go on without it.",
                Ask(quantile(0.5, "scheduledtask_redis_call_duration_seconds", ""), "half"),
                Ask(quantile(0.99, "scheduledtask_redis_call_duration_seconds", ""), "99 %"),
                unit="s",
                steps=Steps(amber=0.1, red=0.2),
                width=8,
                book="redis-unreachable",
            ),
            lines(
                "Outages of Redis",
                "Times at which it stopped answering in time.",
                Ask("sum by (instance) (increase(scheduledtask_redis_outages_total[$__rate_interval]))", LEGEND),
                width=8,
                book="redis-unreachable",
            ),
            lines(
                "Processor time",
                "Of operators and schedulers, in cores.",
                Ask(rate("process_cpu_seconds_total", "instance"), LEGEND),
                width=8,
            ),
            lines(
                "Memory",
                "Of operators and schedulers.",
                Ask(f"max by (instance) (process_resident_memory_bytes{{{OURS}}})", LEGEND),
                unit="bytes",
                width=8,
            ),
        ),
    ),
)
