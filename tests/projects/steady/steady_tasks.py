"""One task for each engine."""

import time

from scheduledtask_workloads.catalog import Profile, task


@task("tick", light=True, profile=Profile(duration="1s", memory="50M"))
def tick(word: str = "tock") -> str:
    """Say a word."""
    return word


@task("grind", profile=Profile(duration="10m", memory="100M"))
def grind(seconds: float = 1.0) -> float:
    """Work for some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.01)
    return seconds
