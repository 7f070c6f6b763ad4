"""Probes that read the age of a file which a program touches each second.

A shell, date, test and stat are all they need: to start Python for a probe would take more than the program itself.
"""

from typing import Any

HEARTBEAT_FILE = "/tmp/heartbeat"  # noqa: S108  an emptyDir of the container's own
FRESH_SECONDS = 60  # a busy node may keep a program from its heartbeat for many seconds
_AGE = f"$(($(date +%s) - $(stat -c %Y {HEARTBEAT_FILE})))"


def heartbeat_probes() -> dict[str, Any]:
    """To be laid into a container. Started is who has made the file; ready and alive is who has touched it lately."""
    return {
        "startupProbe": _probe(f"test -e {HEARTBEAT_FILE}", period_seconds=1, failures=300),
        "readinessProbe": _probe(_fresh(), period_seconds=10, failures=1),
        "livenessProbe": _probe(_fresh(), period_seconds=20, failures=3),
    }


def _fresh() -> str:
    return f"test -e {HEARTBEAT_FILE} && test {_AGE} -lt {FRESH_SECONDS}"


def _probe(command: str, *, period_seconds: int, failures: int) -> dict[str, Any]:
    return {
        "exec": {"command": ["sh", "-c", command]},
        "periodSeconds": period_seconds,
        "timeoutSeconds": 10,
        "failureThreshold": failures,
    }
