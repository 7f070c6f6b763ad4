"""LedgerError
├── LedgerUnreachable
├── FencedOut
└── EpochMissing"""


class LedgerError(Exception):
    """The root of what this room raises."""


class LedgerUnreachable(LedgerError):  # noqa: N818 - a condition, not a mistake
    """Redis did not answer in time, or refused. What was asked may have been done: ask again, it is not done twice."""


class FencedOut(LedgerError):  # noqa: N818
    """A newer leader has shown its number; nothing was changed."""

    def __init__(self, fence: int) -> None:
        super().__init__(f"fence {fence} is older than the newest leader's: this scheduler no longer leads")
        self.fence = fence


class EpochMissing(LedgerError):  # noqa: N818
    """The server was restarted or emptied, and nobody has compared and stamped the ledger since."""

    def __init__(self) -> None:
        super().__init__("scheduledtask:epoch is not this server's run_id: compare the ledger and stamp it first")
