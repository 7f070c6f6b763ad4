"""The names of every Redis key, so that a namespace's lie under one prefix.

`scheduledtask:fence` and `scheduledtask:epoch` are the leader's, everything else belongs to one namespace.
"""

from dataclasses import dataclass

ROOT = "scheduledtask:"
FENCE_KEY = f"{ROOT}fence"  # string, the number of the newest leader
EPOCH_KEY = f"{ROOT}epoch"  # string, the server's run_id when the leader last compared and stamped
NAMESPACES_KEY = f"{ROOT}namespaces"  # set of namespaces that have keys


@dataclass(frozen=True, slots=True)
class NamespaceKeys:
    namespace: str

    @property
    def prefix(self) -> str:
        return f"{ROOT}ns:{self.namespace}:"

    @property
    def celery_prefix(self) -> str:
        """Celery's `global_keyprefix`."""
        return f"{self.prefix}celery:"

    @property
    def feed(self) -> str:
        """Stream, trimmed: every change of a run, `record` is a RunRecord as JSON."""
        return f"{self.prefix}feed"

    @property
    def sweep(self) -> str:
        """Sorted set of `name|run_id`, scored by when the leader must look again."""
        return f"{self.prefix}sweep"

    def task(self, name: str) -> str:
        """Hash: `watermark`, the newest decided slot."""
        return f"{self.prefix}task:{name}"

    def open(self, name: str) -> str:
        """Set of the task's runs that have not ended."""
        return f"{self.prefix}open:{name}"

    def run(self, name: str, run_id: str) -> str:
        """Hash: one run that has not ended."""
        return f"{self.prefix}run:{name}:{run_id}"

    def history(self, name: str) -> str:
        """List, trimmed, newest first: final RunRecords as JSON."""
        return f"{self.prefix}history:{name}"


def unacked_key(pool: str) -> str:
    """Celery's hash of delivered, unacknowledged messages, its own for each pool; below `celery_prefix`."""
    return f"unacked:{pool}"
