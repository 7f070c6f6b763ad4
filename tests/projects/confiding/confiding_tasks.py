"""Tasks that tell all they know, and one that keeps what it was given where only its test looks."""

import hashlib
import logging
import os
import signal
import sys
from pathlib import Path

from scheduledtask_workloads.catalog import Profile, RunContext, task

SMALL = Profile(duration="1s", memory="50M")


def _tell(context: RunContext, password: str, seen: Path) -> dict[str, str]:
    with seen.open("a") as file:
        file.write(f"{context.name} {hashlib.sha256(password.encode()).hexdigest()}\n")
    print("the password is", password)
    sys.stderr.write(password[:4])
    sys.stderr.flush()
    sys.stderr.write(password[4:] + "\n")
    logging.getLogger("confiding").warning("with %s", password)
    if "fails" in context.name:
        raise ValueError(f"refused: {password}")
    if "dies" in context.name:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"password": password}


@task("confide", light=True, profile=SMALL)
def confide(context: RunContext, password: str, seen: Path) -> dict[str, str]:
    """On the light engine."""
    return _tell(context, password, seen)


@task("confide-heavily", profile=Profile(duration="10m", memory="100M"))
def confide_heavily(context: RunContext, password: str, seen: Path) -> dict[str, str]:
    """On the heavy engine."""
    return _tell(context, password, seen)
