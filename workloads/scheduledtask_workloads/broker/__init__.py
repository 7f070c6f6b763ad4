"""How Redis is reached, and Celery's queues in it: how heavy runs are written to them, read back and counted, without
Celery itself.

The scheduler publishes to the queues of every namespace through one connection. kombu would want one a namespace,
since its key prefix belongs to the connection, and 4 MiB of memory for the import; what it writes is one list entry.
"""

from scheduledtask_workloads.broker.connections import (
    celery_settings,
    close_async,
    connect,
    connect_async,
    node_client,
)
from scheduledtask_workloads.broker.errors import BrokerError, BrokerUnavailable
from scheduledtask_workloads.broker.problems import endpoint_problem, login_problem
from scheduledtask_workloads.broker.profile import (
    DEFAULT_VISIBILITY_TIMEOUT_SECONDS,
    TASK_NAME,
    PoolKeys,
    transport_options,
)
from scheduledtask_workloads.broker.publisher import HeavyPublisher, QueueDepth

__all__ = [
    "BrokerError",
    "BrokerUnavailable",
    "DEFAULT_VISIBILITY_TIMEOUT_SECONDS",
    "HeavyPublisher",
    "PoolKeys",
    "QueueDepth",
    "TASK_NAME",
    "celery_settings",
    "close_async",
    "connect",
    "connect_async",
    "endpoint_problem",
    "login_problem",
    "node_client",
    "transport_options",
]
