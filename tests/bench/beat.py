"""Celery beat and RedBeat as they come: how fast each sends out entries that are due at the same moment.

The queue's length is watched from outside; the rate is entries over the time from the first message to the last.
"""

import os
import subprocess
import sys
import tempfile

import redis
from tests.bench.heavy_dispatch import watch_queue
from tests.redis_server import running_server

QUEUE = "celery"
SCHEDULERS = {"celery beat": "celery.beat:PersistentScheduler", "redbeat": "redbeat.RedBeatScheduler"}
PERIOD_SECONDS = 30.0  # both count a new entry's first period from its loading, which takes them seconds
DEADLINE_SECONDS = 240.0


def measure(entries: int = 10_000) -> dict[str, float]:
    """Entries a second, by scheduler."""
    return {name: _measure_one(scheduler, entries) for name, scheduler in SCHEDULERS.items()}


def _measure_one(scheduler: str, entries: int) -> float:
    with (
        running_server() as server,
        tempfile.TemporaryDirectory() as folder,
        redis.Redis.from_url(server.url) as client,
    ):
        process = _start(scheduler, server.url, entries, folder)
        try:
            return watch_queue(client, QUEUE, entries, DEADLINE_SECONDS)
        finally:
            process.terminate()
            process.wait()


def _start(scheduler: str, url: str, entries: int, folder: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "BENCH_ENTRIES": str(entries),
        "BENCH_PERIOD_SECONDS": str(PERIOD_SECONDS),
        "BENCH_REDIS_URL": url,
    }
    beat = [sys.executable, "-m", "celery", "-A", "tests.bench.beat_application", "beat", "-S", scheduler]
    return subprocess.Popen(
        [*beat, "--loglevel", "INFO", "--schedule", f"{folder}/schedule"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    for name, rate in measure().items():
        print(f"{name}: {rate:.0f} entries/s")
