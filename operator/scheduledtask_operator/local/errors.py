"""What can go wrong on this machine.

LocalError                  the message names what, the value and the fix
├── StateFolderError        the state folder cannot be used, or another dev uses it
├── ServerStartError        the embedded server, or the one that was named, does not answer
├── CatalogReadError        the child process that reads the catalog failed
├── NotReadyError           a program does not come up
└── BadManifestsError       what is wrong with the manifests at the start
"""

from collections.abc import Sequence


class LocalError(Exception):
    """Local mode cannot do what it was asked."""


class StateFolderError(LocalError):
    """The state folder cannot be used."""


class ServerStartError(LocalError):
    """There is no Redis to work with."""


class CatalogReadError(LocalError):
    """The catalog could not be read at all."""


class NotReadyError(LocalError):
    """The programs were started, and something is missing still."""


class BadManifestsError(LocalError):
    """Manifests that can't be run, at the start; a line for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
