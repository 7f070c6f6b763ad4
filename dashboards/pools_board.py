"""Heavy pools: backlog, oldest message, workers, lead time, pre-warmed starts, blocked scale-downs."""

from dashboards.panels import ANY_IS_BAD, Ask, Steps, lines, number
from dashboards.queries import POOLS, RATE
from dashboards.sections import Section

ABOUT = "The workers of heavy tasks: what waits for them, how many there are, and whether they come in time."
BY_POOL = "by (namespace, pool)"
LEGEND = "{{namespace}}/{{pool}}"


def each(metric: str, how: str = "max") -> str:
    return f"{how} {BY_POOL} ({metric}{{{POOLS}}})"


def counted(metric: str, label: str) -> str:
    return f"sum by ({label}) (increase({metric}{{{POOLS}}}[{RATE}]))"


HITS = f'sum(increase(scheduledtask_pool_prewarmed_starts_total{{{POOLS},result="hit"}}[$__range]))'
PREWARMED = f"sum(increase(scheduledtask_pool_prewarmed_starts_total{{{POOLS}}}[$__range]))"
OLDEST_SECONDS = f"time() - {each('scheduledtask_pool_oldest_message_timestamp_seconds', 'min')}"

SECTIONS = (
    Section(
        "Do workers come?",
        (
            number("Waiting runs", "Runs that wait for a worker.", f"sum({each('scheduledtask_pool_depth')})", width=4),
            number(
                "Oldest message",
                "How long the run that waits longest has waited.",
                f"max({OLDEST_SECONDS})",
                unit="s",
                steps=Steps(amber=300, red=1800),
                width=4,
                book="oldest-message",
            ),
            number(
                "Pools that can't start",
                "Pools whose workers do not come for a reason that Kubernetes names.",
                f"sum({each('scheduledtask_pool_not_starting')})",
                steps=ANY_IS_BAD,
                width=4,
                book="workers-not-starting",
            ),
            number("Workers wanted", "Over all pools.", f"sum({each('scheduledtask_pool_desired')})", width=4),
            number("Workers ready", "Over all pools.", f"sum({each('scheduledtask_pool_ready')})", width=4),
            number(
                "Pre-warm hits",
                "Of the slots for which workers were asked ahead, those that began within a second.",
                f"{HITS} / {PREWARMED}",
                unit="percentunit",
                steps=Steps(amber=0.95, low=True),
                width=4,
            ),
        ),
    ),
    Section(
        "Backlog",
        (
            lines(
                "Runs that wait",
                "Nothing is drawn while the depth of a queue could not be read, which is not zero.",
                Ask(each("scheduledtask_pool_depth"), LEGEND),
                book="oldest-message",
            ),
            lines(
                "Age of the oldest message",
                "How long the run that waits longest has waited.",
                Ask(OLDEST_SECONDS, LEGEND),
                unit="s",
                steps=Steps(amber=300, red=1800),
                book="oldest-message",
            ),
        ),
    ),
    Section(
        "Workers",
        (
            lines(
                "Wanted and ready",
                "How many workers there should be, and how many take messages.",
                Ask(each("scheduledtask_pool_desired"), f"{LEGEND} wanted"),
                Ask(each("scheduledtask_pool_ready"), f"{LEGEND} ready"),
                book="workers-not-starting",
            ),
            lines(
                "Lead time",
                "From asking for a worker to one that takes messages: what a pool at zero is pre-warmed by.",
                Ask(each("scheduledtask_pool_lead_time_seconds"), LEGEND),
                unit="s",
            ),
            lines(
                "Scale-ups by cause",
                "Counts that were raised: for what waits, for slots to come, for the minimum.",
                Ask(counted("scheduledtask_pool_scale_ups_total", "cause"), "{{cause}}"),
                width=8,
                stacked=True,
            ),
            lines(
                "Pre-warmed starts",
                "Slots for which workers were asked ahead: a hit began within a second of its slot.",
                Ask(counted("scheduledtask_pool_prewarmed_starts_total", "result"), "{{result}}"),
                width=8,
                stacked=True,
            ),
            lines(
                "Blocked scale-downs",
                "Times at which workers too many stayed: busy, not idle for long enough, the next slot near.",
                Ask(counted("scheduledtask_pool_blocked_scale_downs_total", "cause"), "{{cause}}"),
                width=8,
                stacked=True,
            ),
        ),
    ),
)
