"""What keeps the scheduler from its work, beside the ledger's own errors.

SchedulerError
├── SocketInUseError   another scheduler listens on the control socket
└── PortInUseError     the port of the metrics can't be had
"""


class SchedulerError(Exception):
    """Something that the scheduler can't do now."""


class SocketInUseError(SchedulerError):
    """The control socket belongs to a program that still answers on it."""


class PortInUseError(SchedulerError):
    """The port for the metrics belongs to another program, or may not be had."""
