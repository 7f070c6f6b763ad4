"""Programs that are run to their end, and conditions that are awaited."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from tests.cluster.errors import CommandFailedError, NotReadyError

POLL_SECONDS = 0.2


def run(
    command: Sequence[str],
    *,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    timeout_seconds: float = 600,
) -> str:
    """What the program wrote to standard output.

    Raises:
        CommandFailedError: it ended with an error, or took longer than `timeout_seconds`.
    """
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(environment or {})},
            timeout=timeout_seconds,
        )
    except subprocess.TimeoutExpired as expired:
        raise CommandFailedError(command, -1, f"no end after {timeout_seconds:g} s") from expired
    if done.returncode:
        raise CommandFailedError(command, done.returncode, done.stdout + done.stderr)
    return done.stdout


def succeeds(command: Sequence[str], *, timeout_seconds: float = 30) -> bool:
    """Whether the program is there and ends well."""
    try:
        run(command, timeout_seconds=timeout_seconds)
    except (CommandFailedError, OSError):
        return False
    return True


def wait_until(what: str, holds: Callable[[], bool], *, timeout_seconds: float) -> None:
    """Return as soon as `holds()`.

    Raises:
        NotReadyError: it did not hold within `timeout_seconds`.
    """
    deadline = time.monotonic() + timeout_seconds
    while not holds():
        if time.monotonic() > deadline:
            raise NotReadyError(f"{what}: not within {timeout_seconds:g} s")
        time.sleep(POLL_SECONDS)
