"""What can go wrong with a cluster for tests.

ClusterError
├── NoClusterError         nothing on the ladder can be had; says what is missing
├── NotOnThisClusterError  this kind of cluster cannot do what a test asked for
├── CommandFailedError     a program ended with an error; holds what it said
└── NotReadyError          something did not become ready in time; names its log
"""

from collections.abc import Sequence


class ClusterError(Exception):
    """Base of everything a cluster for tests may raise."""


class NoClusterError(ClusterError):
    """No cluster can be had on this machine as it is."""


class NotOnThisClusterError(ClusterError):
    """Only another kind of cluster can do this."""


class NotReadyError(ClusterError):
    """What was awaited did not come within its deadline."""


class CommandFailedError(ClusterError):
    """A program ended with an error; `output` is what it said on both streams."""

    def __init__(self, command: Sequence[str], exit_code: int, output: str) -> None:
        super().__init__(f"`{' '.join(command)}` ended with {exit_code}: {output.strip() or 'it said nothing'}")
        self.exit_code = exit_code
        self.output = output
