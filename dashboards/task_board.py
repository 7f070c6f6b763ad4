"""Task: slots against runs, duration and memory against their limits, why this class."""

from dashboards.panels import ANY_IS_BAD, ANY_IS_ODD, Ask, Steps, lines, listing, number
from dashboards.queries import TASK
from dashboards.sections import Section

ABOUT = "One task: its slots against its runs, duration and memory against their limits, and why it is of its class."


def of(metric: str, how: str = "max") -> str:
    return f"{how}({metric}{{{TASK}}})"


SECTIONS = (
    Section(
        "How is it?",
        (
            number(
                "Last outcome",
                "How its last run ended.",
                f"max by (outcome) (scheduledtask_last_outcome{{{TASK}}})",
                text=True,
                width=3,
            ),
            number(
                "Failures in a row",
                "Runs that failed, timed out or were lost since one last succeeded.",
                of("scheduledtask_failures_in_a_row"),
                steps=ANY_IS_BAD,
                book="failing-task",
            ),
            number(
                "Last success",
                "How long ago a run last succeeded.",
                f"time() - {of('scheduledtask_last_success_timestamp_seconds')}",
                unit="s",
                book="stale-task",
            ),
            number(
                "Freshness objective",
                "spec.freshnessSeconds: the age of the last success that is too much.",
                of("scheduledtask_freshness_objective_seconds"),
                unit="s",
            ),
            number(
                "Next run in",
                "Until its coming slot starts, jitter included.",
                f"{of('scheduledtask_next_run_timestamp_seconds')} - time()",
                unit="s",
            ),
            number(
                "Late by",
                "Since when a slot is due of which no run has begun; nothing while there is none.",
                f"time() - {of('scheduledtask_overdue_slot_timestamp_seconds', 'min')}",
                unit="s",
                steps=Steps(amber=5, red=60),
                book="late-task",
            ),
            number("Active runs", "Runs that have not ended.", of("scheduledtask_active_runs")),
            number(
                "Suspended",
                "1 while it is paused, itself or with its namespace.",
                of("scheduledtask_suspended"),
                steps=ANY_IS_ODD,
            ),
        ),
    ),
    Section(
        "What it is",
        (
            listing(
                "Task",
                "Its class, its schedule, the code that it runs, and its Ready condition.",
                f"max by (class, task, pool, schedule, time_zone, ready, reason) (scheduledtask_info{{{TASK}}})",
                "tasks",
                hidden=("Value",),
                width=14,
                book="task-not-ready",
            ),
            listing(
                "Why it is heavy",
                "The criteria that speak against light; none for a light task. `kubectl get stask -o yaml` has what was"
                " found for each, in status.classReasons.",
                f"max by (criterion) (scheduledtask_class_reason{{{TASK}}})",
                "criteria",
                hidden=("Value",),
                width=5,
            ),
            listing(
                "Missed slots",
                "When a slot was last decided without a run, by reason.",
                f"time() - max by (reason) (scheduledtask_last_missed_timestamp_seconds{{{TASK}}})",
                "ago",
                unit="s",
                width=5,
                book="missed-slot",
            ),
        ),
    ),
    Section(
        "Slots and runs",
        (
            lines(
                "Runs by outcome",
                "Runs that ended in each step of the graph.",
                Ask(
                    f"sum by (outcome) (increase(scheduledtask_task_runs_total{{{TASK}}}[$__rate_interval]))",
                    "{{outcome}}",
                ),
                stacked=True,
            ),
            lines(
                "Slots and bodies",
                "How long ago a body last began, how long a slot is due without one, and how far away the next slot is."
                " A first line that grows beyond the schedule's step is a slot that did not run.",
                Ask(f"time() - {of('scheduledtask_last_run_timestamp_seconds')}", "last run, ago"),
                Ask(f"time() - {of('scheduledtask_overdue_slot_timestamp_seconds', 'min')}", "due for"),
                Ask(f"{of('scheduledtask_next_run_timestamp_seconds')} - time()", "next run, in"),
                unit="s",
                book="late-task",
            ),
        ),
    ),
    Section(
        "Against its limits",
        (
            lines(
                "Duration",
                "How long its bodies took, and how long one may.",
                Ask(of("scheduledtask_last_run_duration_seconds"), "last run"),
                Ask(of("scheduledtask_timeout_seconds"), "limit"),
                unit="s",
                width=8,
                book="stuck-run",
            ),
            lines(
                "Memory",
                "The peak of the body's process tree, and how much it may take.",
                Ask(of("scheduledtask_last_run_memory_bytes"), "last run"),
                Ask(of("scheduledtask_memory_limit_bytes"), "limit"),
                unit="bytes",
                width=8,
            ),
            lines(
                "Start delay",
                "Slot to first line of the body.",
                Ask(of("scheduledtask_last_run_start_delay_seconds"), "last run"),
                unit="s",
                steps=Steps(amber=5, red=60),
                width=8,
                book="late-task",
            ),
        ),
    ),
)
