"""When the text of a scrape is made: not while many tasks come due, which need the same processors.

Ten thousand light tasks of one second are started within 0.3 s on two processors, of which a scrape of ten thousand
tasks takes one for 0.3 to 0.6 s (docs/benchmarks.md, "Being watched").
"""

from collections.abc import Iterable

BURST_TASKS = 1_000
BURST_SECONDS = 0.4
SECONDS_A_TASK = 60e-6


def wait_seconds(due: Iterable[float], tasks: int, now: float) -> float:
    """How long a scrape of `tasks` tasks waits for a burst among the Unix seconds `due`; a second at the most."""
    ahead_seconds = min(tasks * SECONDS_A_TASK, 1.0 - BURST_SECONDS)
    near = [moment for moment in due if now - BURST_SECONDS < moment < now + ahead_seconds]
    return max(near) + BURST_SECONDS - now if len(near) >= BURST_TASKS else 0.0
