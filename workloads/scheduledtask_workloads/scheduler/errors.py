"""What keeps the scheduler from its work, beside the ledger's own errors.

SchedulerError
└── SocketInUseError   another scheduler listens on the control socket
"""


class SchedulerError(Exception):
    """Something that the scheduler can't do now."""


class SocketInUseError(SchedulerError):
    """The control socket belongs to a program that still answers on it."""
