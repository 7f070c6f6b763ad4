"""What can go wrong with the program itself; what goes wrong in a body is a report.

RunnersError
├── SocketUnusableError   the socket's path is taken, too long, or in no folder
└── NurseryLostError      the nursery died before it was ready
"""


class RunnersError(Exception):
    """The base of all."""


class SocketUnusableError(RunnersError):
    """The message names the path and the fix."""


class NurseryLostError(RunnersError):
    """The message names what the nursery died of."""
