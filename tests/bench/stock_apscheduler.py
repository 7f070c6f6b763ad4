"""APScheduler as it comes: cron jobs of its own, its thread pool, INFO logging on, all due in the same second."""

import logging
import tempfile
import time
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_MISSED
from apscheduler.schedulers.background import BackgroundScheduler

SETTLE_SECONDS = 1.0  # without a start for so long, the burst is over
DEADLINE_SECONDS = 120.0


def measure(jobs: int = 10_000) -> dict[str, float]:
    """Fire lag (due → first line of the job's function) in seconds, and how many never ran."""
    with tempfile.TemporaryFile("w") as log:
        handler, logger = logging.StreamHandler(log), logging.getLogger("apscheduler")
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        try:
            return _measure(jobs)
        finally:
            logger.removeHandler(handler)


def _measure(jobs: int) -> dict[str, float]:
    started: list[float] = []
    missed: list[object] = []
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_listener(missed.append, EVENT_JOB_MISSED)
    scheduler.start(paused=True)
    second = _second_after_loading(jobs)
    for number in range(jobs):
        scheduler.add_job(lambda: started.append(time.time()), "cron", minute="*", second=second, id=str(number))
    due = _next_time_at(second)
    scheduler.resume()
    _await_burst(started, missed, jobs, due)
    scheduler.shutdown()  # waits for what still lies in its pool, which writes to the log
    lags = sorted(at - due for at in started if at - due < 50) or [float("nan")]
    return {"p50": lags[len(lags) // 2], "p99": lags[int(len(lags) * 0.99)], "missed": jobs - len(lags)}


def _second_after_loading(jobs: int) -> int:
    return int(time.time() + 3 + jobs / 1500) % 60  # adding a job takes it about half a millisecond


def _next_time_at(second: int) -> float:
    now = time.time()
    due = now - now % 60 + second
    assert datetime.fromtimestamp(due, UTC).second == second
    return due if due > now else due + 60


def _await_burst(started: list[float], missed: list[object], jobs: int, due: float) -> None:
    deadline = due + DEADLINE_SECONDS
    while time.time() < deadline and len(started) + len(missed) < jobs:
        if started and time.time() - max(due, started[-1]) > SETTLE_SECONDS:
            return
        time.sleep(0.05)


if __name__ == "__main__":
    print(measure())
