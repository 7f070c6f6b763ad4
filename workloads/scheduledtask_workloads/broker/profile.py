"""The names and options that publisher and worker must agree on."""

from dataclasses import dataclass
from typing import Any

from scheduledtask_workloads.contract.keys import NamespaceKeys, unacked_key

TASK_NAME = "scheduledtask.run"
DEFAULT_VISIBILITY_TIMEOUT_SECONDS = 60.0
_SOCKET_TIMEOUT_SECONDS = 5.0  # a hung server must not stop the main loop for good
_PRIORITY_SEPARATOR = "\x06\x16"
_PRIORITY_STEPS = (0, 3, 6, 9)  # kombu keeps a list for each; ours go to the first, a user's own may go to any


@dataclass(frozen=True, slots=True)
class PoolKeys:
    """The full Redis keys of one pool, as Celery names them under the namespace's prefix."""

    namespace: str
    pool: str

    @property
    def prefix(self) -> str:
        return NamespaceKeys(self.namespace).celery_prefix

    @property
    def queue(self) -> str:
        """List: messages enter at the left and leave at the right."""
        return self.prefix + self.pool

    @property
    def queues(self) -> tuple[str, ...]:
        """The lists of all priorities."""
        return tuple(self.queue + (f"{_PRIORITY_SEPARATOR}{step}" if step else "") for step in _PRIORITY_STEPS)

    @property
    def unacked(self) -> str:
        """Hash: delivery tag → delivered message."""
        return self.prefix + unacked_key(self.pool)

    @property
    def unacked_index(self) -> str:
        """Sorted set: delivery tag scored by the worker's clock when it was delivered or last kept alive."""
        return self.prefix + _unacked_index_key(self.pool)


def transport_options(namespace: str, pool: str, visibility_timeout_seconds: float) -> dict[str, Any]:
    """kombu's `broker_transport_options` of a pool's worker.

    A message that nobody keeps alive is back in its queue at most a third of the visibility timeout after that ran
    out: a sixth until the next look (kombu looks only every hundred seconds otherwise), a sixth for the lock of one
    that was killed while it looked (kombu's default for it is 300 s). Two that look at once restore a message once.
    """
    look_seconds = visibility_timeout_seconds / 6
    return {
        "global_keyprefix": NamespaceKeys(namespace).celery_prefix,
        "unacked_key": unacked_key(pool),
        "unacked_index_key": _unacked_index_key(pool),
        "unacked_mutex_key": f"unacked-mutex:{pool}",
        "unacked_mutex_expire": look_seconds,
        "visibility_timeout": visibility_timeout_seconds,
        "unacked_restore_interval": look_seconds,
        "unacked_restore_throttle": 1,
        "socket_timeout": _SOCKET_TIMEOUT_SECONDS,
        "socket_connect_timeout": _SOCKET_TIMEOUT_SECONDS,
    }


def _unacked_index_key(pool: str) -> str:
    return f"unacked-index:{pool}"
