"""One task for each engine, and one that tells why it runs."""

import time
from pathlib import Path

from scheduledtask_workloads.catalog import Profile, RunContext, task


@task("tick", light=True, profile=Profile(duration="1s", memory="50M"))
def tick(word: str = "tock") -> str:
    """Say a word."""
    return word


@task("note", light=True, profile=Profile(duration="1s", memory="50M"))
def note(context: RunContext, file: Path) -> None:
    """Append why it runs to a file."""
    cause = context.triggered_by
    with file.open("a") as notes:
        notes.write(f"{cause.model_dump_json() if cause else 'null'}\n")


@task("grind", profile=Profile(duration="10m", memory="100M"))
def grind(seconds: float = 1.0) -> float:
    """Work for some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.01)
    return seconds
