"""What keeps the scheduler from its work.

SchedulerError
├── RedisUnreachableError   Redis did not answer in time, or the breaker is open because it did not a moment ago
└── SocketInUseError        another scheduler listens on the control socket
"""


class SchedulerError(Exception):
    """Something that the scheduler can't do now."""


class RedisUnreachableError(SchedulerError):
    """The ledger can't be asked; what needs it waits."""


class SocketInUseError(SchedulerError):
    """The control socket belongs to a program that still answers on it."""
