"""The names of every Redis key, so that a namespace's lie under one prefix.

What admission touches lies in one hash a namespace and kind, not in one key a task or run: a slice of 500 claims then
is four commands, and 10,000 claims cost a quarter of what a key each does.
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
        """Stream, trimmed: `record` is a RunRecord that changed, `skipped` a SlotsSkipped, as JSON."""
        return f"{self.prefix}feed"

    @property
    def sweep(self) -> str:
        """Sorted set of `name|run_id`, scored by when the leader must look again."""
        return f"{self.prefix}sweep"

    @property
    def tasks(self) -> str:
        """Hash: name → its newest decided slot (Unix seconds, -1 none), and the ids of its runs that have not ended."""
        return f"{self.prefix}tasks"

    @property
    def runs(self) -> str:
        """Hash: `name|run_id` → a run that has not ended: its state as JSON, and a line with its order as JSON."""
        return f"{self.prefix}runs"

    @property
    def asked(self) -> str:
        """Sorted set: `name|run_id` of requests by when they were decided; kept for a day."""
        return f"{self.prefix}asked"

    @property
    def removed(self) -> str:
        """Set: names of deleted tasks that still have open runs."""
        return f"{self.prefix}removed"

    def workers(self, pool: str) -> str:
        """Hash: a worker's host → when it was last heard (server's Unix seconds), its runs, `1` when it drains."""
        return f"{self.prefix}workers:{pool}"

    def draining(self, pool: str) -> str:
        """Hash: a worker's host → until when it is asked to take no new runs, server's Unix seconds."""
        return f"{self.prefix}draining:{pool}"

    def history(self, name: str) -> str:
        """List, trimmed, newest first: final RunRecords as JSON."""
        return f"{self.prefix}history:{name}"


def unacked_key(pool: str) -> str:
    """Celery's hash of delivered, unacknowledged messages, its own for each pool; below `celery_prefix`."""
    return f"unacked:{pool}"
