"""Overview: are my tasks healthy; what is late, failing, stale; what comes in the next hour."""

from dashboards.panels import ANY_IS_BAD, ANY_IS_ODD, CALM, Ask, Steps, lines, listing, number
from dashboards.queries import RATE, TASKS, each_task, number_of, quantile
from dashboards.sections import Section

ABOUT = "Are the tasks healthy: what is late, failing or stale, and what comes in the next hour."

FAILURES = each_task("scheduledtask_failures_in_a_row")
LATE_SECONDS = f"time() - {each_task('scheduledtask_overdue_slot_timestamp_seconds', 'min')}"
SUSPENDED = each_task("scheduledtask_suspended")
LAST_SUCCESS = each_task("scheduledtask_last_success_timestamp_seconds")
FRESHNESS = each_task("scheduledtask_freshness_objective_seconds")
STALE_SECONDS = f"(time() - {LAST_SUCCESS}) > {FRESHNESS} unless {SUSPENDED} == 1"
MISSED_SECONDS = (
    "time() - max by (namespace, scheduledtask, reason) "
    f"(scheduledtask_last_missed_timestamp_seconds{{{TASKS}}}) < 86400"
)
NOT_READY = f'max by (namespace, scheduledtask, reason) (scheduledtask_info{{{TASKS},ready!="True"}})'
COMING = f"{each_task('scheduledtask_next_run_timestamp_seconds')}"
NEXT_HOUR = f"{COMING} - time() < 3600"

SECTIONS = (
    Section(
        "Are my tasks healthy?",
        (
            number("Tasks", "ScheduledTasks in these namespaces.", number_of(each_task("scheduledtask_info")), width=3),
            number(
                "Running now",
                "Runs that have not ended.",
                f"sum({each_task('scheduledtask_active_runs')}) or vector(0)",
                width=3,
            ),
            number(
                "Failing",
                "Tasks whose last run failed, timed out or was lost.",
                number_of(f"{FAILURES} > 0"),
                steps=ANY_IS_BAD,
                book="failing-task",
            ),
            number(
                "Late",
                "Tasks with a slot that is due for more than a minute, and of which no run has begun.",
                number_of(f"{LATE_SECONDS} > 60"),
                steps=ANY_IS_BAD,
                book="late-task",
            ),
            number(
                "Stale",
                "Tasks whose last success is older than their spec.freshnessSeconds.",
                number_of(STALE_SECONDS),
                steps=ANY_IS_BAD,
                book="stale-task",
            ),
            number(
                "Missed in 24 h",
                "Tasks of which a slot was decided without a run in the last day.",
                number_of(f"max by (namespace, scheduledtask) ({MISSED_SECONDS})"),
                steps=ANY_IS_ODD,
                book="missed-slot",
            ),
            number(
                "Not ready",
                "Tasks whose present version is refused, or whose catalog is not known yet.",
                number_of(NOT_READY),
                steps=ANY_IS_BAD,
                book="task-not-ready",
            ),
            number("Suspended", "Tasks that are paused, so nothing of them runs.", number_of(f"{SUSPENDED} == 1")),
        ),
    ),
    Section(
        "What did not go as it should",
        (
            listing(
                "Failing",
                "How many runs in a row failed, timed out or were lost; the task's dashboard and status say why.",
                f"sort_desc({FAILURES} > 0)",
                "failures",
                steps=Steps(amber=1, red=3),
                book="failing-task",
            ),
            listing(
                "Late",
                "Since when a slot is due of which no run has begun.",
                f"sort_desc({LATE_SECONDS} > 60)",
                "late by",
                unit="s",
                steps=Steps(amber=60, red=300),
                book="late-task",
            ),
            listing(
                "Missed in the last day",
                "Slots that were decided without a run, by reason: Overlap (the run before was not over),"
                " StartingDeadlineExceeded, NotCaughtUp (catchUp: Skip), Coalesced (a later slot ran in its place).",
                f"sort({MISSED_SECONDS})",
                "ago",
                unit="s",
                book="missed-slot",
            ),
            listing(
                "Stale",
                "The age of the last success, where it is more than spec.freshnessSeconds.",
                f"sort_desc({STALE_SECONDS})",
                "last success",
                unit="s",
                steps=ANY_IS_BAD,
                book="stale-task",
            ),
            listing(
                "Not ready",
                "Refused or pending, by the reason of the Ready condition; `kubectl describe stask` has the message.",
                NOT_READY,
                "tasks",
                hidden=("Value",),
                width=24,
                book="task-not-ready",
            ),
        ),
    ),
    Section(
        "What comes in the next hour",
        (
            listing(
                "Coming slots",
                "What starts within the hour, the next one first.",
                f"sort({NEXT_HOUR})",
                "starts in",
                unit="s",
            ),
            lines(
                "Slots within the next hour",
                "How many tasks have their coming slot within the next minute, and within the next hour.",
                Ask(number_of(f"{COMING} - time() < 60"), "within a minute"),
                Ask(number_of(NEXT_HOUR), "within an hour"),
            ),
        ),
    ),
    Section(
        "Runs",
        (
            lines(
                "Runs by outcome",
                "Runs that ended, a second. Each is counted once, by the leader.",
                Ask(f"sum by (outcome) (rate(scheduledtask_runs_total{{{TASKS}}}[{RATE}]))", "{{outcome}}"),
                unit="reqps",
                stacked=True,
            ),
            lines(
                "Slots without a run",
                "Slots that were decided without a run, by reason.",
                Ask(f"sum by (reason) (increase(scheduledtask_missed_runs_total{{{TASKS}}}[{RATE}]))", "{{reason}}"),
                stacked=True,
                book="missed-slot",
            ),
            lines(
                "Start delay",
                "Slot to first line of the body; of runs of one attempt.",
                Ask(quantile(0.5, "scheduledtask_start_delay_seconds", "class, ", TASKS), "{{class}} half"),
                Ask(quantile(0.99, "scheduledtask_start_delay_seconds", "class, ", TASKS), "{{class}} 99 %"),
                unit="s",
                steps=Steps(amber=1.5, red=60),
                book="late-task",
            ),
            lines(
                "Fire lag",
                "Slot to admitted and handed to an executor: what scheduling itself costs.",
                Ask(quantile(0.5, "scheduledtask_fire_lag_seconds", "class, ", TASKS), "{{class}} half"),
                Ask(quantile(0.99, "scheduledtask_fire_lag_seconds", "class, ", TASKS), "{{class}} 99 %"),
                unit="s",
                steps=Steps(amber=0.3, red=1.5),
            ),
            lines(
                "Run duration",
                "First line of the body to its end.",
                Ask(quantile(0.5, "scheduledtask_run_duration_seconds", "class, ", TASKS), "{{class}} half"),
                Ask(quantile(0.95, "scheduledtask_run_duration_seconds", "class, ", TASKS), "{{class}} 95 %"),
                unit="s",
                steps=CALM,
            ),
            lines(
                "How the last runs ended",
                "Tasks by the outcome of their last run.",
                Ask(
                    "count by (outcome) (max by (namespace, scheduledtask, outcome)"
                    f" (scheduledtask_last_outcome{{{TASKS}}}))",
                    "{{outcome}}",
                ),
                stacked=True,
            ),
        ),
    ),
)
