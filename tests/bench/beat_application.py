"""A Celery application with as many periodic entries as asked for, all due at the same moment; for beat and RedBeat."""

import os
from datetime import timedelta

from celery import Celery

ENTRIES = int(os.environ["BENCH_ENTRIES"])
PERIOD_SECONDS = float(os.environ["BENCH_PERIOD_SECONDS"])

app = Celery("bench", broker=os.environ["BENCH_REDIS_URL"])
app.conf.update(
    redbeat_redis_url=os.environ["BENCH_REDIS_URL"],
    redbeat_lock_key=None,
    beat_max_loop_interval=1,
    task_ignore_result=True,
    beat_schedule={
        f"entry-{number}": {"task": "bench.nothing", "schedule": timedelta(seconds=PERIOD_SECONDS)}
        for number in range(ENTRIES)
    },
)
